"""Just enough of ONNX's protobuf to write a graph of convolutions, without the package `onnx`.

Field numbers and types are those of onnx.proto, version 1.7 and later.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import field, frozen
from koe.api import Samples

_IR_VERSION: Final = 8
_OPSET: Final = 17
_FLOAT: Final = 1
_ATTRIBUTE_FLOAT: Final = 1
_ATTRIBUTE_INTS: Final = 7
_VARINT, _LENGTH, _FIXED32 = 0, 2, 5


@frozen
class Node:
    """One operation; an attribute is a float or a list of integers."""

    kind: str
    inputs: Sequence[str]
    output: str
    attributes: Mapping[str, float | Sequence[int]] = field(factory=dict)


@frozen
class Port:
    """An input or output of the graph: float32 of shape `(batch, channels, length)`; -1: any length."""

    name: str
    channels: int


def model_bytes(
    name: str,
    nodes: Iterable[Node],
    tensors: Mapping[str, Samples],
    inputs: Iterable[Port],
    outputs: Iterable[Port],
) -> bytes:
    """A whole ONNX file."""
    graph = b"".join(
        [
            *(_message(1, _node(node)) for node in nodes),
            _text(2, name),
            *(_message(5, _tensor(key, tensor)) for key, tensor in tensors.items()),
            *(_message(11, _port(port)) for port in inputs),
            *(_message(12, _port(port)) for port in outputs),
        ]
    )
    opset = _text(1, "") + _number(2, _OPSET)
    return _number(1, _IR_VERSION) + _text(2, "koe") + _message(7, graph) + _message(8, opset)


def _node(node: Node) -> bytes:
    return b"".join(
        [
            *(_text(1, name) for name in node.inputs),
            _text(2, node.output),
            _text(4, node.kind),
            *(_message(5, _attribute(name, value)) for name, value in node.attributes.items()),
        ]
    )


def _attribute(name: str, value: float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        packed = _key(2, _FIXED32) + struct.pack("<f", value)
        return _text(1, name) + packed + _number(20, _ATTRIBUTE_FLOAT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _ATTRIBUTE_INTS)


def _tensor(name: str, tensor: Samples) -> bytes:
    dimensions = b"".join(_number(1, size) for size in tensor.shape)
    return dimensions + _number(2, _FLOAT) + _text(8, name) + _message(9, tensor.astype("<f4").tobytes())


def _port(port: Port) -> bytes:
    dimensions = [_text(2, "batch"), _number(1, port.channels), _text(2, f"length_{port.name}")]
    shape = b"".join(_message(1, dimension) for dimension in dimensions)
    return _text(1, port.name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))


def _number(tag: int, value: int) -> bytes:
    return _key(tag, _VARINT) + _varint(value)


def _text(tag: int, value: str) -> bytes:
    return _message(tag, value.encode())


def _message(tag: int, content: bytes) -> bytes:
    return _key(tag, _LENGTH) + _varint(len(content)) + content


def _key(tag: int, wire: int) -> bytes:
    return _varint(tag << 3 | wire)


def _varint(value: int) -> bytes:
    """A non-negative integer, seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - what fits into seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
