"""Writing an optimized model: all of it or nothing, under names that appear when they are complete.

The weights go into a file of their own, which ONNX Runtime maps into memory: it loads faster, and several
processes share the pages. That file's name holds its digest, so that a model never meets another's weights.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from filelock import FileLock, Timeout
from onnx import numpy_helper

from koe.errors import ModelFileError
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimized import Origin, StoredFile, origin_path
from koe.kokoro.replacing import removed_on_failure, replace_file

_OWN_FILE_BYTES = 1024
_PAGE = 4096
_DIGITS = 16
_SPARE = 1.1


def check_space(folder: Path, size_bytes: int) -> None:
    """Raise `ModelFileError` where the folder's disk has no room for a file a little larger than that."""
    needed, free = int(size_bytes * _SPARE), shutil.disk_usage(folder).free
    if free < needed:
        raise ModelFileError(
            f"The disk of {folder} is too full: {needed:,} bytes needed, {free:,} free. Make room, or choose "
            "another place with --out"
        )


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep other optimizations from the same file. The operating system frees the lock of one that dies."""
    lock = FileLock(f"{out}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ModelFileError(
            f"Another process is making {out} right now. Wait for it, or choose another --out"
        ) from error
    except OSError as error:
        raise ModelFileError(
            f"{out.parent} cannot be written to ({error.strerror or error}). Choose another place with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


def store(model: bytes, out: Path, *, own_weights_file: bool) -> tuple[StoredFile, ...]:
    """Write the model; what an earlier one left there is gone when this returns.

    Raises:
        ModelFileError: it could not be written.
    """
    graph = Graph.parse(model)
    try:
        origin_path(out).unlink(missing_ok=True)
        weights = _store_weights(graph, out) if own_weights_file else None
        replace_file(out, graph.serialize())
        for old in out.parent.glob(f"{out.stem}-*.data"):
            if old != weights:
                old.unlink()
    except OSError as error:
        raise ModelFileError(f"{out} could not be written ({error.strerror or error})") from error
    return tuple(StoredFile.of(path) for path in (out, weights) if path is not None)


def store_origin(out: Path, origin: Origin) -> Path:
    return replace_file(origin_path(out), origin.to_json().encode())


def _store_weights(graph: Graph, out: Path) -> Path:
    """Write the large constants beside the model, and let it refer to them."""
    part = out.with_name(f".{out.stem}.data.part")
    digest, moved, position = hashlib.sha256(), [], 0
    with removed_on_failure(part), part.open("wb") as file:
        for tensor in graph.model.graph.initializer:
            raw = numpy_helper.to_array(tensor).tobytes()
            if len(raw) < _OWN_FILE_BYTES:
                continue
            padding = bytes(-position % _PAGE)
            for piece in (padding, raw):
                file.write(piece)
                digest.update(piece)
            moved.append((tensor, position + len(padding), len(raw)))
            position += len(padding) + len(raw)
        file.flush()
        os.fsync(file.fileno())
        path = out.with_name(f"{out.stem}-{digest.hexdigest()[:_DIGITS]}.data")
        part.replace(path)
    for tensor, offset, length in moved:
        _refer(tensor, path.name, offset, length)
    return path


def _refer(tensor: onnx.TensorProto, name: str, offset: int, length: int) -> None:
    shape, kind, own_name = list(tensor.dims), tensor.data_type, tensor.name
    tensor.Clear()
    tensor.dims.extend(shape)
    tensor.data_type, tensor.name = kind, own_name
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", name), ("offset", offset), ("length", length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
