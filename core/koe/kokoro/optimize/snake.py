"""Snake, `x + sin(a x)^2 / a`: found, and written without its multiplications.

With `v = 2 a x` it is `(v - cos(v) + 1) / 2 a`. The factor `2 a` goes into the adaptive normalization before
it, `1 / 2 a` into the weights of the convolution behind it; the 1 costs nothing where these are quantized.
"""

import numpy as np
from attrs import frozen
from onnx import helper

from koe.kokoro.optimize.graph import Graph, Node, Tensor

_VIEWS = ("Unsqueeze", "Squeeze", "Reshape")


@frozen
class Snake:
    """`x` is the value that goes in, `final` the node that gives Snake's output.

    `factor` is `a` by channel, None where it has been folded.
    """

    x: str
    wave: Node
    final: Node
    factor: Tensor | None


def find_snake(graph: Graph, value: str) -> Snake | None:
    """The Snake that makes `value`, seen through views, in either way of writing it."""
    view = graph.producer(value, *_VIEWS)
    while view is not None:
        value = view.input[0]
        view = graph.producer(value, *_VIEWS)
    final = graph.producer(value, "Add")
    if final is None:
        return None
    folded = graph.producer(final.input[0], "Sub")
    cosine = graph.producer(folded.input[1], "Cos") if folded else None
    if folded and cosine and cosine.input[0] == folded.input[0]:
        return Snake(cosine.input[0], cosine, final, None)
    for x, bump in (tuple(final.input), tuple(reversed(final.input))):
        sine = _sine_behind(graph, bump)
        scaled = graph.producer(sine.input[0], "Mul") if sine is not None else None
        if sine is not None and scaled is not None and x in scaled.input:
            factor = graph.constant(scaled.input[1] if scaled.input[0] == x else scaled.input[0])
            return None if factor is None else Snake(x, sine, final, factor)
    return None


def _sine_behind(graph: Graph, bump: str) -> Node | None:
    """The sine whose square, divided by the factor, is `bump`."""
    node = graph.producer(bump)
    for _ in range(3):
        if node is None or node.op_type == "Sin":
            return node
        if node.op_type not in ("Mul", "Div", "Pow"):
            return None
        makers = [graph.producer(value, "Mul", "Div", "Pow", "Sin") for value in node.input]
        node = next((maker for maker in makers if maker is not None), None)
    return node if node is not None and node.op_type == "Sin" else None


def fold_snake(graph: Graph, _frozen_values: frozenset[str]) -> int:
    """Fold the factors of every Snake between a folded normalization and one convolution; how many were."""
    folded = 0
    for convolution in graph.of_type("Conv"):
        snake = find_snake(graph, convolution.input[0])
        if snake is None or snake.factor is None or snake.final.output[0] != convolution.input[0]:
            continue
        norm = graph.producer(snake.x, "InstanceNormalization")
        gemm = graph.producer(f"{snake.x}/adain/gemm", "Gemm")
        weight = graph.constant(convolution.input[1])
        if norm is None or gemm is None or weight is None or not _alone(graph, snake, convolution):
            continue
        _fold(graph, snake, gemm, convolution, weight)
        folded += 1
    graph.prune()
    return folded


def _alone(graph: Graph, snake: Snake, convolution: Node) -> bool:
    """Whether nobody but Snake sees `x`, nobody but the convolution what Snake makes of it."""
    inside = graph.producer(snake.wave.input[0])
    users = graph.users(snake.x)
    theirs = len(users) == 2 and all(user is inside or user is snake.final for user in users)  # noqa: PLR2004
    return theirs and graph.only_user(snake.final.output[0], "Conv") is convolution


def _fold(graph: Graph, snake: Snake, gemm: Node, convolution: Node, weight: Tensor) -> None:
    assert snake.factor is not None
    factor = 2 * snake.factor.reshape(-1).astype(np.float32)
    both = np.concatenate([factor, factor])
    graph.replace_constant(gemm.input[1], lambda table: table * both[:, None])
    graph.replace_constant(gemm.input[2], lambda offset: offset * both)
    name = f"{snake.final.output[0]}/snake"
    graph.set_input(convolution, 1, graph.add_constant(f"{name}/weight", weight / factor[None, :, None]))
    one = graph.shared_constant("koe/one", np.array(1, np.float32))
    graph.add(
        [
            helper.make_node("Cos", [snake.x], [f"{name}/cosine"]),
            helper.make_node("Sub", [snake.x, f"{name}/cosine"], [f"{name}/difference"]),
            helper.make_node("Add", [f"{name}/difference", one], [f"{name}/sum"]),
        ]
    )
    graph.set_input(convolution, 0, f"{name}/sum")
