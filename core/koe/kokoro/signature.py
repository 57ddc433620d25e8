"""What a model file takes and gives. Exports differ in names and types; what does not fit is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from attrs import frozen

from koe.errors import ModelFileError
from koe.kokoro.voices import STYLE

_EXPECTED = (
    "inputs tokens or input_ids (int64 [1, n]), style (float [1, 256]) and speed (a float or integer [1]), "
    "outputs audio or waveform (float) and optionally duration"
)
_TOKENS = ("tokens", "input_ids")
_AUDIO = ("audio", "waveform")
_DURATIONS = ("duration", "durations")
_FLOATS: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
}
_INTEGERS: dict[str, np.dtype[Any]] = {
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int64)": np.dtype(np.int64),
}
_NUMBERS = {**_FLOATS, **_INTEGERS}


class Node(Protocol):
    """An input or output as ONNX Runtime describes it."""

    name: str
    type: str
    shape: Sequence[int | str | None]


@frozen
class Signature:
    """How one export wants to be called.

    `duration` is the name of the output with the frames per token, None where the export has none.
    """

    tokens: str
    style_type: np.dtype[Any]
    speed_type: np.dtype[Any]
    speed_shape: tuple[int, ...]
    audio: str
    duration: str | None

    @property
    def continuous_speed(self) -> bool:
        """Whether any speed can be asked for; an export with an integer input knows 1 only, in effect."""
        return self.speed_type.kind == "f"

    @property
    def outputs(self) -> list[str]:
        return [self.audio] if self.duration is None else [self.audio, self.duration]

    @classmethod
    def of(cls, inputs: Sequence[Node], outputs: Sequence[Node], model: Path) -> "Signature":
        """The signature of a loaded model.

        Raises:
            ModelFileError: it is not Kokoro's.
        """
        given, made = {node.name: node for node in inputs}, {node.name: node for node in outputs}
        tokens, audio = _first(_TOKENS, given), _first(_AUDIO, made)
        duration = _first(_DURATIONS, made)
        if tokens is None or audio is None or given.keys() != {tokens, "style", "speed"}:
            raise _unexpected(inputs, outputs, model)
        style, speed = given["style"], given["speed"]
        fits = (
            given[tokens].type == "tensor(int64)" and _takes_lengths(given[tokens]),
            style.type in _FLOATS and len(style.shape) == len((1, STYLE)) and style.shape[1] in (STYLE, None),
            speed.type in _NUMBERS and len(speed.shape) <= 1,
            made[audio].type in _FLOATS,
            duration is None or made[duration].type in _NUMBERS,
        )
        if not all(fits):
            raise _unexpected(inputs, outputs, model)
        speed_shape = (1,) * len(speed.shape)
        return cls(tokens, _FLOATS[style.type], _NUMBERS[speed.type], speed_shape, audio, duration)


def _first(names: Sequence[str], nodes: dict[str, Node]) -> str | None:
    return next((name for name in names if name in nodes), None)


def _takes_lengths(tokens: Node) -> bool:
    return len(tokens.shape) == len((1, "n")) and not isinstance(tokens.shape[1], int)


def _unexpected(inputs: Sequence[Node], outputs: Sequence[Node], model: Path) -> ModelFileError:
    return ModelFileError(
        f"{model} is not a Kokoro model: expected {_EXPECTED}; "
        f"found inputs {_listed(inputs)}, outputs {_listed(outputs)}"
    )


def _listed(nodes: Sequence[Node]) -> str:
    shown = (f"{n.name} ({n.type.removeprefix('tensor(').rstrip(')')} {list(n.shape)})" for n in nodes)
    return ", ".join(shown) or "none"
