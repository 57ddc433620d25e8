"""Static int8: the vocoder's convolutions with weights and activations of 8 bits.

Written as QuantizeLinear and DequantizeLinear around the convolutions (QDQ), which ONNX Runtime fuses into
integer kernels. Weights are signed with one scale a channel, activations unsigned with one scale a tensor.
Quantized are the convolutions behind a Snake, which are those of the vocoder's residual blocks, and those of
the decoder in front of it: most of the work, while pitch, durations, energy and the last steps to samples
keep their full precision.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from attrs import frozen
from onnx import helper

from koe.kokoro.optimize.graph import Graph, Node, Tensor, attribute
from koe.kokoro.optimize.snake import find_snake

OLDEST_OPSET = 13
"""DequantizeLinear knows scales by channel from here on."""
_LEVELS = 255
_BIAS = 2
# PyTorch's exporter writes the modules' names into those of the nodes.
_DECODER = re.compile(r"\bdecoder[/.](encode|decode)[/.]")
_SMALLEST_SCALE = 1e-9


@frozen
class Range:
    """The values that a tensor took, zero among them."""

    low: float
    high: float

    def widened(self, low: float, high: float) -> "Range":
        return Range(min(self.low, low), max(self.high, high))

    @property
    def scale(self) -> float:
        return max((self.high - self.low) / _LEVELS, _SMALLEST_SCALE)

    @property
    def zero_point(self) -> int:
        return int(np.clip(np.rint(-self.low / self.scale), 0, _LEVELS))


def quantizable(graph: Graph, frozen_values: frozenset[str]) -> dict[str, list[Node]]:
    """The convolutions to quantize by kind: channels and kernel, such as `256x7`.

    Those that make `frozen_values` are left out.
    """
    kinds: dict[str, list[Node]] = {}
    for node in graph.of_type("Conv"):
        constants = [graph.constant(value) for value in node.input[1:]]
        weight = constants[0]
        if weight is None or constants[-1] is None or attribute(node, "group", 1) != 1:
            continue
        chosen = _DECODER.search(node.name) or find_snake(graph, node.input[0])
        if chosen and node.output[0] not in frozen_values:
            kinds.setdefault(f"{weight.shape[1]}x{weight.shape[-1]}", []).append(node)
    return kinds


def opset(model: Any) -> int:
    return next(int(each.version) for each in model.opset_import if each.domain in ("", "ai.onnx"))


def measure_ranges(
    model: bytes, values: Sequence[str], run: Callable[[bytes, Sequence[str]], Iterable[Sequence[Tensor]]]
) -> dict[str, Range]:
    """What each of `values` took, over all inputs of `run`.

    `run` gets a model and names of outputs, and gives these outputs for one input after another.
    """
    graph = Graph.parse(model)
    outputs = []
    for value in values:
        for reduction in ("ReduceMin", "ReduceMax"):
            output = f"{value}/{reduction}"
            graph.add([helper.make_node(reduction, [value], [output], keepdims=0)])
            graph.model.graph.output.append(helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, []))
            outputs.append(output)
    ranges = dict.fromkeys(values, Range(0.0, 0.0))
    for found in run(graph.serialize(), outputs):
        numbers = [float(each) for each in found]
        for index, value in enumerate(values):
            ranges[value] = ranges[value].widened(*numbers[2 * index : 2 * index + 2])
    return ranges


def quantize(
    graph: Graph, convolutions: Iterable[Node], ranges: Mapping[str, Range], weight_bits: int
) -> int:
    """Quantize the convolutions, whose inputs and outputs have `ranges`; how many were."""
    count = 0
    for convolution in convolutions:
        data, result = convolution.input[0], convolution.output[0]
        limits = ranges[data]
        shift = _shift(graph, data, limits) if len(convolution.input) > _BIAS else None
        _quantize_weights(graph, convolution, limits.scale, weight_bits, shift.rest if shift else 0)
        graph.set_input(convolution, 0, f"{result}/input/back")
        _round(graph, shift or _Shift(data), f"{result}/input/back", limits)
        graph.rename_output(convolution, f"{result}/exact")
        _round(graph, _Shift(f"{result}/exact"), result, ranges[result])
        count += 1
    graph.prune()
    return count


@frozen
class _Shift:
    """To quantize `value + steps * scale + rest` is to quantize `value` with another zero point.

    `rest` is less than half a step; the convolution adds it to its bias.
    """

    value: str
    steps: int = 0
    rest: float = 0.0


def _shift(graph: Graph, data: str, limits: Range) -> _Shift | None:
    """How to leave out an addition of one number before the rounding; None for no such addition."""
    view = graph.producer(data, "Unsqueeze")
    total = graph.producer(view.input[0] if view else data, "Add")
    number = graph.constant(total.input[1]) if total else None
    if total is None or number is None or number.size != 1:
        return None
    steps = round(float(number.reshape(())) / limits.scale)
    if not 0 <= limits.zero_point + steps <= _LEVELS:
        return None
    value = total.input[0]
    if view is not None:
        value = f"{data}/unshifted"
        if value not in graph.producers:
            graph.add([helper.make_node("Unsqueeze", [total.input[0], view.input[1]], [value])])
    return _Shift(value, steps, float(number.reshape(())) - steps * limits.scale)


def _round(graph: Graph, shift: _Shift, result: str, limits: Range) -> None:
    """Make `result` the value of `shift`, through 8 bits and back."""
    scale = graph.add_constant(f"{result}/scale", np.array(limits.scale, np.float32))
    zeros = (limits.zero_point + shift.steps, limits.zero_point)
    there, back = (graph.shared_constant(f"{result}/zero_{zero}", np.array(zero, np.uint8)) for zero in zeros)
    graph.add(
        [
            helper.make_node("QuantizeLinear", [shift.value, scale, there], [f"{result}/int8"]),
            helper.make_node("DequantizeLinear", [f"{result}/int8", scale, back], [result]),
        ]
    )


def _quantize_weights(graph: Graph, convolution: Node, data_scale: float, bits: int, added: float) -> None:
    """Quantize weights and bias, for data to which the number `added` is still to be added."""
    weight = graph.constant(convolution.input[1])
    assert weight is not None
    largest = 2 ** (bits - 1) - 1
    peaks = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    scales = np.maximum(peaks / largest, _SMALLEST_SCALE).astype(np.float32)
    steps = np.rint(weight / scales.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
    _stored(graph, convolution, 1, steps, scales)
    bias = graph.constant(convolution.input[2]) if len(convolution.input) > _BIAS else None
    if bias is not None:
        bias = bias + added * weight.reshape(len(weight), -1).sum(axis=1)
        scales = (scales * np.float32(data_scale)).astype(np.float32)
        steps = np.clip(np.rint(bias / scales), -(2**31) + 1, 2**31 - 1).astype(np.int32)
        _stored(graph, convolution, _BIAS, steps, scales)


def _stored(graph: Graph, convolution: Node, index: int, steps: Tensor, scales: Tensor) -> None:
    """Make `steps`, with a scale for each of its rows, the convolution's input."""
    name = f"{convolution.output[0]}/{('data', 'weight', 'bias')[index]}"
    inputs = [
        graph.add_constant(f"{name}/steps", steps),
        graph.add_constant(f"{name}/scale", scales),
        graph.add_constant(f"{name}/zero", np.zeros(len(steps), steps.dtype)),
    ]
    graph.add([helper.make_node("DequantizeLinear", inputs, [f"{name}/back"], axis=0)])
    graph.set_input(convolution, index, f"{name}/back")
