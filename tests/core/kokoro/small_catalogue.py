"""A catalogue of files of a few bytes, shaped like the real one."""

import hashlib
import random

from koe.kokoro.catalog import ReleasedFile, Variant

NEW = "model-files-v1.1"
OLD = "model-files-v1.0"


def content(path: str, size_bytes: int = 300_000) -> bytes:
    return random.Random(path).randbytes(size_bytes)


def released(release: str, name: str, size_bytes: int = 300_000) -> ReleasedFile:
    body = content(f"{release}/{name}", size_bytes)
    return ReleasedFile(release, name, size_bytes, hashlib.sha256(body).hexdigest())


VOICES = released(NEW, "voices-v1.0.bin", 5_000)
SMALL = (
    Variant("fp32", released(NEW, "kokoro-v1.0.onnx"), VOICES, "the default", older="fp32-v1.0"),
    Variant("int8", released(NEW, "kokoro-v1.0.int8.onnx", 70_000), VOICES, "small"),
    Variant("fp32-v1.0", released(OLD, "kokoro-v1.0.onnx", 310_000), VOICES, "old"),
    Variant(
        "zh",
        released(NEW, "kokoro-v1.1-zh.onnx", 80_000),
        released(NEW, "voices-v1.1-zh.bin", 6_000),
        "Mandarin",
        vocabulary=released("Kokoro-82M-v1.1-zh", "config.json", 300),
    ),
)
FP32, INT8, FP32_OLD, ZH = SMALL


def everything() -> dict[str, bytes]:
    """Path to content of every file of `SMALL`."""
    files = dict.fromkeys(file for variant in SMALL for file in variant.files)
    return {file.path: content(file.path, file.size_bytes) for file in files}
