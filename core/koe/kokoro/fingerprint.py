"""What makes one model sound different from another."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from koe.kokoro.optimized import is_optimized, read_origin
from koe.kokoro.voices import VoiceTables

UNKNOWN = "unknown"
_NAMED = re.compile(r"(?<![a-z0-9])(fp16|int8|uint8f16|uint8|q4f16|q8f16|q4|quantized)(?![a-z0-9])")
_FULL = frozenset({"kokoro-v1.0.onnx", "kokoro-v1.1-zh.onnx", "model.onnx"})


def precision(model: Path) -> str:
    """The precision that the published file name states, `unknown` for names that state none.

    For an optimized model, what the report beside it states, such as `fp32+int8`.
    """
    if is_optimized(model):
        return read_origin(model).precision
    named = _NAMED.search(model.name.lower())
    if named is not None:
        return "int8" if named[1] == "quantized" else named[1]
    return "fp32" if model.name.lower() in _FULL else UNKNOWN


def fingerprint(model: Path, vocabulary: Mapping[str, int], voices: VoiceTables, settings: str) -> str:
    """Hex SHA-256 over the model file, the vocabulary, the voices and `settings`.

    Reads the whole model the first time, about 0.3 s.
    """
    status = model.stat()
    digest = hashlib.sha256(_file_digest(model, status.st_size, status.st_mtime_ns).encode())
    digest.update(json.dumps([settings, sorted(vocabulary.items())]).encode())
    for name, table in sorted(voices.tables.items()):
        digest.update(name.encode())
        digest.update(table.tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _file_digest(path: Path, _size: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
