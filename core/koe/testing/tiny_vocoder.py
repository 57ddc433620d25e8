"""Blocks written the way PyTorch exports Kokoro's decoder, a thousandth of its size.

The sound of the tiny model, as 8 channels, goes through: a block of the pitch predictor, from which noise is
drawn; a block of the decoder; two residual blocks of the vocoder with Snake. The weights are random, but
fixed.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

CHANNELS = 8
CONVOLUTIONS = 6
"""One of the pitch predictor, one of the decoder, four of the vocoder."""
QUANTIZABLE = 5
"""All but the pitch predictor's."""

_STYLE = 256


def add_vocoder(graph: onnx.GraphProto, frame_samples: int) -> None:
    """Put the blocks between the value `frames`, shape `(frames, frame_samples)`, and whoever uses it."""
    for node in graph.node:
        for index, value in enumerate(node.input):
            if value == "frames":
                node.input[index] = "vocoder_frames"
    blocks = _Blocks(graph)
    start = blocks.node(
        "Reshape", ["frames", blocks.constant("channels_shape", [1, CHANNELS, -1])], "channels"
    )
    pitch = blocks.relu_block(start, "/F0.0/conv1")
    drawn = blocks.node("RandomNormalLike", [pitch], "/m_source/RandomNormalLike", dtype=1)
    noise = blocks.node("Mul", [drawn, blocks.constant("noise_level", 0.003)], "/m_source/Mul")
    noisy = blocks.node("Add", [start, noise], "/m_source/Add")
    decoded = blocks.relu_block(noisy, "/decoder/decode.0/conv1")
    first = blocks.residual(decoded, "/decoder/generator/resblocks.0", kernel=3)
    last = blocks.residual(first, "/decoder/generator/resblocks.1", kernel=7)
    faint = blocks.node("Mul", [last, blocks.constant("faint", 0.1)], "faint")
    total = blocks.node("Add", [noisy, faint], "sum")
    shape = blocks.constant("frames_shape", [-1, frame_samples])
    graph.node.append(helper.make_node("Reshape", [total, shape], ["vocoder_frames"]))
    # Nodes stand in the order in which they run: the last one of the tiny model moves behind these.
    users = [node for node in graph.node if "vocoder_frames" in node.input]
    for node in users:
        moved = onnx.NodeProto.FromString(node.SerializeToString())
        graph.node.remove(node)
        graph.node.append(moved)


class _Blocks:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._random = np.random.default_rng(82)

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = f"{name}_output_0"
        self._graph.node.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return output

    def constant(self, name: str, value: float | list[int] | NDArray[np.generic]) -> str:
        array = np.asarray(value, np.float32 if isinstance(value, float) else None)
        self._graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def residual(self, value: str, name: str, *, kernel: int) -> str:
        """Two rounds of normalization, Snake and convolution, added to what came in."""
        inner = value
        for index in (1, 2):
            normal = self._adain(inner, f"{name}/adain{index}.0")
            snake = self._snake(normal, f"{name}/snake{index}")
            inner = self._convolution(snake, f"{name}/convs{index}.0", kernel)
        return self.node("Add", [inner, value], f"{name}/Add")

    def relu_block(self, value: str, name: str) -> str:
        normal = self._adain(value, f"{name}/norm")
        return self._convolution(self.node("LeakyRelu", [normal], f"{name}/LeakyRelu", alpha=0.2), name, 3)

    def _adain(self, value: str, name: str) -> str:
        ones, zeros = np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32)
        scale, bias = self.constant(f"{name}.weight", ones), self.constant(f"{name}.bias", zeros)
        normal = self.node("InstanceNormalization", [value, scale, bias], f"{name}/norm", epsilon=1e-5)
        weight = self._random.normal(0, 0.2, (2 * CHANNELS, _STYLE)).astype(np.float32)
        offset = self._random.normal(0, 0.2, 2 * CHANNELS).astype(np.float32)
        linear = [self.constant(f"{name}.fc.weight", weight), self.constant(f"{name}.fc.bias", offset)]
        both = self.node("Gemm", ["style", *linear], f"{name}/fc", transB=1)
        shape = self.constant(f"{name}.shape", [1, 2 * CHANNELS, 1])
        shaped = self.node("Reshape", [both, shape], f"{name}/Reshape")
        cuts = [self.constant(f"{name}.{at}", [at]) for at in (0, CHANNELS, 2 * CHANNELS)]
        axis = self.constant(f"{name}.axis", [1])
        gamma = self.node("Slice", [shaped, *cuts[:2], axis], f"{name}/gamma")
        beta = self.node("Slice", [shaped, *cuts[1:], axis], f"{name}/beta")
        one = self.node("Add", [gamma, self.constant(f"{name}.one", 1.0)], f"{name}/Add_1")
        return self.node("Add", [self.node("Mul", [one, normal], f"{name}/Mul"), beta], f"{name}/Add_2")

    def _snake(self, value: str, name: str) -> str:
        alpha = np.exp(self._random.normal(0, 0.3, (1, CHANNELS, 1))).astype(np.float32)
        factor, inverse = self.constant(f"{name}.alpha", alpha), self.constant(f"{name}.inverse", 1 / alpha)
        sine = self.node("Sin", [self.node("Mul", [factor, value], f"{name}/Mul")], f"{name}/Sin")
        square = self.node("Pow", [sine, self.constant(f"{name}.two", 2.0)], f"{name}/Pow")
        bump = self.node("Mul", [inverse, square], f"{name}/Mul_1")
        return self.node("Add", [value, bump], f"{name}/Add")

    def _convolution(self, value: str, name: str, kernel: int) -> str:
        spread = 1 / np.sqrt(CHANNELS * kernel)
        weight = self._random.normal(0, spread, (CHANNELS, CHANNELS, kernel)).astype(np.float32)
        bias = self._random.normal(0, 0.1, CHANNELS).astype(np.float32)
        weights = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        pads = [kernel // 2, kernel // 2]
        return self.node("Conv", [value, *weights], f"{name}/Conv", kernel_shape=[kernel], pads=pads)
