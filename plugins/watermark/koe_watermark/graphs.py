"""Perth's networks as ONNX graphs: built from the weights once, then read from the cache folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog
from attrs import frozen
from koe.api import Samples
from platformdirs import user_cache_path

from koe_watermark.errors import WatermarkUnavailableError
from koe_watermark.onnx_file import Node, Port, model_bytes
from koe_watermark.weights import checkpoint_path, read_weights

log = structlog.get_logger(__name__)

BINS: Final = 128
"""Of 15.625 Hz: the mark lies below 2 kHz."""
_LAYERS: Final = 7
_SLOPE: Final = 0.01


@frozen
class Stack:
    """Seven convolutions in a row: `prefix.<n>.conv` in the checkpoint, `x` -> `y` in the graph."""

    prefix: str
    x: str
    y: str
    channels: int


@frozen
class Graph:
    """One of the networks, and what its file's SHA-256 is when it was built right."""

    name: str
    stacks: tuple[Stack, ...]
    digest: str

    @property
    def file_name(self) -> str:
        return f"perth-{self.name}-{self.digest[:16]}.onnx"


ENCODER: Final = Graph(
    "encoder",
    (Stack("encoder.layers", "magnitude", "residual", BINS),),
    "4c497b4d380d46bc3f912051583c8dde9f20901fc26850e20e54810602ba32e7",
)
"""Normalized log magnitudes `(1, 128, frames)` to what the mark adds to them."""

BRANCHES: Final = ("slow", "normal", "fast")
DECODER: Final = Graph(
    "decoder",
    tuple(Stack(f"decoder.{branch}_layers", branch, f"{branch}_out", 2) for branch in BRANCHES),
    "8fff199f63ecd48996e9cbd20816d4d06af19097bff69f3bc7bb8e3b56e94d21",
)
"""Normalized log magnitudes at three tempos to attention and score, `(1, 2, frames)` each."""


def cache_folder() -> Path:
    """`koe/watermark` in the user's cache."""
    return user_cache_path("koe", appauthor=False) / "watermark"


def located(graph: Graph, folder: Path | None = None) -> Path | bytes:
    """The ONNX file of `graph` in the cache, built and put there where there is no sound one.

    Where the cache cannot be written, it is built each time (0.4 s), with a warning, and returned as bytes.

    Raises:
        WatermarkUnavailableError: the weights are missing or wrong.
    """
    path = (cache_folder() if folder is None else folder) / graph.file_name
    if _is_sound(path, graph.digest):
        return path
    data = build(graph, read_weights(checkpoint_path()))
    if hashlib.sha256(data).hexdigest() != graph.digest:
        raise WatermarkUnavailableError(
            f"The watermark's {graph.name} was built from the right weights and has the wrong SHA-256: this "
            f"is a mistake in koe"
        )
    try:
        _store(path, data)
    except OSError as error:
        log.warning("watermark_cache_not_written", path=str(path), reason=error.strerror or str(error))
        return data
    return path


def build(graph: Graph, weights: Mapping[str, Samples]) -> bytes:
    """The ONNX file of `graph`: equal weights give equal bytes."""
    return model_bytes(
        f"perth_{graph.name}",
        [node for stack in graph.stacks for node in _nodes(stack, weights)],
        {
            name: weights[name]
            for stack in graph.stacks
            for index in range(_LAYERS)
            for name in _parameters(stack, index)
        },
        [Port(stack.x, BINS) for stack in graph.stacks],
        [Port(stack.y, stack.channels) for stack in graph.stacks],
    )


def _nodes(stack: Stack, weights: Mapping[str, Samples]) -> Iterator[Node]:
    x = stack.x
    for index in range(_LAYERS):
        weight, bias = _parameters(stack, index)
        margin = weights[weight].shape[2] // 2
        last = index == _LAYERS - 1
        y = stack.y if last else f"{weight}.out"
        yield Node("Conv", (x, weight, bias), y, {"pads": (margin, margin)})
        if not last:
            x = f"{y}.active"
            yield Node("LeakyRelu", (y,), x, {"alpha": _SLOPE})


def _parameters(stack: Stack, index: int) -> tuple[str, str]:
    name = f"{stack.prefix}.{index}.conv"
    return f"{name}.weight", f"{name}.bias"


def _is_sound(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            sound = hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False
    except OSError as error:
        log.warning("watermark_cache_not_read", path=str(path), reason=error.strerror or str(error))
        return False
    if not sound:
        log.warning("watermark_cache_damaged", path=str(path))
    return sound


def _store(path: Path, data: bytes) -> None:
    """Write a file that other processes see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
