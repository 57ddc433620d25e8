"""Adaptive instance normalization: its scale and shift as inputs of InstanceNormalization.

Exports write `(1 + gamma) * normalized + beta` as two passes over the whole tensor, with gamma and beta the
halves of one `Gemm` of the style. InstanceNormalization has a scale and a bias of its own, which hold what
the training left there (ones and zeros, as a rule); the product of both goes into the Gemm's weights.
"""

import math

import numpy as np
from attrs import frozen
from onnx import helper

from koe.kokoro.optimize.graph import Graph, Node, Tensor, attribute


@frozen
class _Affine:
    """`final` gives `(1 + gamma) * normalized + beta`; `gemm` makes gamma and beta, `channels` of each."""

    final: Node
    gemm: Node
    weight: Tensor
    bias: Tensor

    @property
    def channels(self) -> int:
        return len(self.bias) // 2


def fold_adain(graph: Graph, frozen_values: frozenset[str]) -> int:
    """Fold the adaptive instance normalizations that are written in the known way; how many were.

    Those that make `frozen_values` stay as they are.
    """
    folded = 0
    _separate(graph, frozen_values)
    for norm in graph.of_type("InstanceNormalization"):
        if norm.output[0] in frozen_values:
            continue
        scale, bias = graph.constant(norm.input[1]), graph.constant(norm.input[2])
        affine = _affine(graph, norm)
        if affine is None or scale is None or bias is None or len(scale) != affine.channels:
            continue
        _fold(graph, norm, affine, scale, bias)
        folded += 1
    graph.prune()
    return folded


def _separate(graph: Graph, frozen_values: frozenset[str]) -> None:
    """Give every affine a normalization of its own; ONNX Runtime merges again those that stay equal."""
    for norm in graph.of_type("InstanceNormalization"):
        value = norm.output[0]
        users = graph.users(value)
        if value in frozen_values or value in graph.outputs or any(user.op_type != "Mul" for user in users):
            continue
        for number, user in enumerate(users[1:], start=1):
            copy = type(norm).FromString(norm.SerializeToString())
            copy.output[0] = f"{value}/copy_{number}"
            copy.name = f"{norm.name}/copy_{number}"
            graph.add([copy])
            graph.set_input(user, list(user.input).index(value), copy.output[0])


def _fold(graph: Graph, norm: Node, affine: _Affine, scale: Tensor, bias: Tensor) -> None:
    """With gamma' = (1 + gamma) * scale and beta' = (1 + gamma) * bias + beta."""
    channels, name = affine.channels, f"{norm.output[0]}/adain"
    gamma, beta = affine.weight[:channels], affine.weight[channels:]
    one_and_gamma = affine.bias[:channels] + np.float32(1)
    weight = np.concatenate([gamma * scale[:, None], beta + gamma * bias[:, None]])
    offset = np.concatenate([one_and_gamma * scale, affine.bias[channels:] + one_and_gamma * bias])
    halves = graph.shared_constant(f"koe/halves/{channels}", np.array([2, channels], np.int64))
    weights = [
        graph.add_constant(f"{name}/weight", weight.astype(np.float32)),
        graph.add_constant(f"{name}/bias", offset.astype(np.float32)),
    ]
    numbers = [graph.shared_constant(f"koe/{number}", np.array(number, np.int64)) for number in (0, 1)]
    graph.add(
        [
            helper.make_node("Gemm", [affine.gemm.input[0], *weights], [f"{name}/gemm"], transB=1),
            helper.make_node("Reshape", [f"{name}/gemm", halves], [f"{name}/halves"]),
            helper.make_node("Gather", [f"{name}/halves", numbers[0]], [f"{name}/scale"], axis=0),
            helper.make_node("Gather", [f"{name}/halves", numbers[1]], [f"{name}/shift"], axis=0),
        ]
    )
    graph.set_input(norm, 1, f"{name}/scale")
    graph.set_input(norm, 2, f"{name}/shift")
    graph.redirect(affine.final.output[0], norm.output[0])


def _affine(graph: Graph, norm: Node) -> _Affine | None:
    product = graph.only_user(norm.output[0], "Mul")
    total = graph.only_user(product.output[0], "Add") if product else None
    if product is None or total is None or total.output[0] in graph.outputs:
        return None
    gamma = _plus_one(graph, _other(product, norm.output[0]))
    beta = _other(total, product.output[0])
    halves = (_half(graph, gamma), _half(graph, beta)) if gamma else (None, None)
    if halves[0] is None or halves[1] is None or halves[0][0] is not halves[1][0]:
        return None
    gemm = halves[0][0]
    weight, bias = graph.constant(gemm.input[1]), graph.constant(gemm.input[2])
    channels = len(bias) // 2 if bias is not None else 0
    if (
        weight is None
        or bias is None
        or (halves[0][1:], halves[1][1:]) != ((0, channels), (channels, math.inf))
    ):
        return None
    return _Affine(total, gemm, weight, bias)


def _other(node: Node, value: str) -> str:
    name: str = node.input[1] if node.input[0] == value else node.input[0]
    return name


def _plus_one(graph: Graph, value: str) -> str | None:
    """What is added to 1 to make `value`."""
    total = graph.producer(value, "Add")
    if total is None:
        return None
    for constant, rest in (total.input, reversed(total.input)):
        number = graph.constant(constant)
        if number is not None and number.size == 1 and float(number.reshape(())) == 1:
            return str(rest)
    return None


def _half(graph: Graph, value: str) -> tuple[Node, float, float] | None:
    """The Gemm that `value` is a slice of, and where on its channels the slice begins and ends."""
    cut = graph.producer(value, "Slice")
    shaped = graph.producer(cut.input[0], "Reshape", "Unsqueeze") if cut else None
    gemm = graph.producer(shaped.input[0], "Gemm") if shaped else None
    if cut is None or gemm is None or len(gemm.input) != 3 or not _plain(gemm):  # noqa: PLR2004 - with a bias
        return None
    bounds = [graph.constant(each) for each in cut.input[1:]]
    bias = graph.constant(gemm.input[2])
    if bias is None or any(each is None or each.size != 1 for each in bounds):
        return None
    start, end, axis, *step = (int(each.reshape(())) for each in bounds if each is not None)
    if axis != 1 or step not in ([], [1]):
        return None
    return gemm, start, math.inf if end >= len(bias) else end


def _plain(gemm: Node) -> bool:
    defaults = {"alpha": 1.0, "beta": 1.0, "transA": 0}
    usual = all(attribute(gemm, name, value) == value for name, value in defaults.items())
    return usual and attribute(gemm, "transB", 0) == 1
