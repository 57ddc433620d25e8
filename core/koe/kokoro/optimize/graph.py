"""An ONNX graph that can be searched and changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import onnx
from attrs import define, field
from numpy.typing import NDArray
from onnx import numpy_helper

Node: TypeAlias = Any
"""An `onnx.NodeProto`, which is untyped."""
Tensor: TypeAlias = NDArray[Any]


@define(eq=False)
class Graph:
    """The main graph of `model`, with who makes and who uses each value.

    The index follows `add`, `redirect` and `set_input`; nodes that nobody uses any more go with `prune`.
    """

    model: Any
    producers: dict[str, Node] = field(factory=dict, init=False, repr=False)
    _users: dict[str, list[Node]] = field(factory=dict, init=False, repr=False)
    _constants: dict[str, Any] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._index()

    @classmethod
    def parse(cls, model: bytes) -> "Graph":
        return cls(onnx.load_model_from_string(model))

    def serialize(self) -> bytes:
        serialized: bytes = self.model.SerializeToString(deterministic=True)
        return serialized

    @property
    def nodes(self) -> Sequence[Node]:
        nodes: Sequence[Node] = self.model.graph.node
        return nodes

    @property
    def outputs(self) -> list[str]:
        return [output.name for output in self.model.graph.output]

    def of_type(self, *types: str) -> list[Node]:
        """The nodes of these types, in the graph's order; a copy, so that the graph may change meanwhile."""
        return [node for node in self.nodes if node.op_type in types]

    def producer(self, value: str, *types: str) -> Node | None:
        """The node that makes `value`, where it is of one of these types (of any, without)."""
        node = self.producers.get(value)
        return node if node is not None and (not types or node.op_type in types) else None

    def only_user(self, value: str, *types: str) -> Node | None:
        """The single node that uses `value`, where it is of one of these types."""
        users = self._users.get(value, [])
        if len(users) != 1 or value in self.outputs or users[0].op_type not in types:
            return None
        return users[0]

    def upstream(self, *types: str) -> frozenset[str]:
        """Every value that the nodes of these types are made from, directly or not."""
        found: set[str] = set()
        pending = [value for node in self.of_type(*types) for value in node.input]
        while pending:
            value = pending.pop()
            maker = self.producers.get(value)
            if maker is not None and value not in found:
                found |= set(maker.output)
                pending += [used for inner in _with_subgraphs(maker) for used in inner.input]
        return frozenset(found)

    def users(self, value: str) -> Sequence[Node]:
        return tuple(self._users.get(value, ()))

    def constant(self, value: str) -> Tensor | None:
        tensor = self._constants.get(value)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def add_constant(self, name: str, value: Tensor) -> str:
        assert name not in self._constants, name
        self.model.graph.initializer.append(numpy_helper.from_array(np.array(value, order="C"), name))
        self._constants[name] = self.model.graph.initializer[-1]
        return name

    def replace_constant(self, name: str, change: Callable[[Tensor], Tensor]) -> None:
        """Change a constant in place, for all its users."""
        tensor = self._constants[name]
        tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), name))

    def shared_constant(self, name: str, value: Tensor) -> str:
        """A constant that is made once, however often it is asked for."""
        return name if name in self._constants else self.add_constant(name, value)

    def add(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.model.graph.node.append(node)
            self._take_in(self.model.graph.node[-1])

    def redirect(self, old: str, new: str) -> None:
        """Let everybody who uses `old` use `new`; a subgraph is among the users and changed likewise."""
        assert old not in self.outputs, old
        for node in self._users.pop(old, []):
            for inner in _with_subgraphs(node):
                for index, value in enumerate(inner.input):
                    if value == old:
                        inner.input[index] = new
            self._users.setdefault(new, []).append(node)

    def set_input(self, node: Node, index: int, value: str) -> None:
        before = node.input[index]
        node.input[index] = value
        if before not in node.input:
            self._users[before] = [user for user in self._users[before] if user is not node]
        self._users.setdefault(value, []).append(node)

    def rename_output(self, node: Node, name: str) -> None:
        """Give the node's first output another name, which nobody uses yet."""
        del self.producers[node.output[0]]
        node.output[0] = name
        self.producers[name] = node

    def prune(self) -> None:
        """Drop what no output needs, and put the rest in an order in which it can run."""
        ordered = [type(node).FromString(node.SerializeToString()) for node in self._needed()]
        graph = self.model.graph
        del graph.node[:]
        graph.node.extend(ordered)
        used = {value for node in ordered for inner in _with_subgraphs(node) for value in inner.input}
        used |= set(self.outputs)
        unused = [index for index, tensor in enumerate(graph.initializer) if tensor.name not in used]
        for index in reversed(unused):
            del graph.initializer[index]
        del graph.value_info[:]
        self._index()

    def _needed(self) -> list[Node]:
        """What the outputs need, makers before users; without recursion, as chains are thousands long."""
        ordered: list[Node] = []
        seen: set[int] = set()
        stack = [(self.producers[output], False) for output in reversed(self.outputs)]
        while stack:
            node, complete = stack.pop()
            if complete:
                ordered.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                values = [value for inner in _with_subgraphs(node) for value in inner.input]
                makers = (self.producers.get(value) for value in reversed(values))
                stack.extend(
                    (maker, False) for maker in makers if maker is not None and id(maker) not in seen
                )
        return ordered

    def _index(self) -> None:
        self.producers, self._users = {}, {}
        self._constants = {tensor.name: tensor for tensor in self.model.graph.initializer}
        for node in self.model.graph.node:
            self._take_in(node)

    def _take_in(self, node: Node) -> None:
        for output in filter(None, node.output):
            self.producers[output] = node
        used = dict.fromkeys(value for inner in _with_subgraphs(node) for value in inner.input if value)
        for value in used:
            self._users.setdefault(value, []).append(node)


def _with_subgraphs(node: Node) -> Iterator[Node]:
    yield node
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            for inner in attribute.g.node:
                yield from _with_subgraphs(inner)


def attribute(node: Node, name: str, default: Any = None) -> Any:
    found = next((each for each in node.attribute if each.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)
