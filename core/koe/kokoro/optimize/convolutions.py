"""Convolutions written in the form for which ONNX Runtime has its fast kernels."""

import numpy as np
from onnx import helper

from koe.kokoro.optimize.graph import Graph, Node

_FEWEST_CHANNELS = 8
_AXIS, _DIMENSIONS = 2, 3


def widen_convolutions(graph: Graph, frozen_values: frozenset[str]) -> int:
    """Write Conv over `[1, c, length]` as Conv over `[1, c, 1, length]`; how many were.

    Those that make `frozen_values` stay as they are.

    ONNX Runtime's blocked kernels exist for two dimensions only. Convolutions of few channels are slower in
    them and stay as they are.
    """
    widened = 0
    for node in graph.of_type("Conv"):
        weight = graph.constant(node.input[1])
        if (
            node.output[0] in frozen_values
            or weight is None
            or weight.ndim != _DIMENSIONS
            or min(weight.shape[:2]) < _FEWEST_CHANNELS
        ):
            continue
        name = node.output[0]
        weights = graph.add_constant(f"{name}/wide_weight", weight[:, :, None, :])
        axis = graph.shared_constant("koe/axis_2", np.array([_AXIS], np.int64))
        for attribute in node.attribute:
            _widen(attribute)
        graph.rename_output(node, f"{name}/wide")
        graph.add(
            [
                helper.make_node("Unsqueeze", [node.input[0], axis], [f"{name}/wide_input"]),
                helper.make_node("Squeeze", [f"{name}/wide", axis], [name]),
            ]
        )
        graph.set_input(node, 0, f"{name}/wide_input")
        graph.set_input(node, 1, weights)
        widened += 1
    graph.prune()
    return widened


def _widen(attribute: Node) -> None:
    if attribute.name in ("dilations", "strides", "kernel_shape"):
        attribute.ints[:] = [1, *attribute.ints]
    elif attribute.name == "pads":
        start, end = attribute.ints
        attribute.ints[:] = [0, start, 0, end]
