"""Optimized models: what they are called, what lies beside them, and whether they may be used here."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from koe.errors import ModelFileError
from koe.kokoro.hardware import Host
from koe.problems import StructureError
from koe.structure import structure

SUFFIX = ".optimized.onnx"
FORMAT = 1
_HASHED_BYTES = 16_000_000
_REMAKE = "`koe model optimize` makes it anew"


@frozen
class StoredFile:
    """A file as it was when its digest was taken."""

    name: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "StoredFile":
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.name, path.stat().st_size, digest)


@frozen
class StoredStep:
    """One step of an optimization: what it did, whether it stayed, and what it changed in the sound.

    `changed` is empty where nothing was compared, else the worst utterance's measures.
    """

    name: str
    accepted: bool
    detail: str
    changed: Mapping[str, float]


@frozen
class Origin:
    """The JSON file beside an optimized model: where it comes from and what was done to it.

    Attributes:
        format: of this file; others are not read.
        koe: the version that made it.
        source: the model that it was made of.
        files: the optimized model first, then the file with its weights.
        precision: of its arithmetic, such as `fp32+int8`.
        needs_wide_int8: whether it relies on exact sums of 8-bit products.
        host: where it was made and compared.
        seed: of the noise and the choice of voices.
        steps: in their order.
    """

    format: int
    koe: str
    source: StoredFile
    files: tuple[StoredFile, ...]
    precision: str
    needs_wide_int8: bool
    host: Host
    seed: int
    steps: tuple[StoredStep, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def optimized_path(model: Path) -> Path:
    """Where the optimized version of `model` lies, unless told otherwise."""
    return model.with_name(model.name.removesuffix(".onnx") + SUFFIX)


def origin_path(optimized: Path) -> Path:
    return optimized.with_suffix(".json")


def is_optimized(model: Path) -> bool:
    return model.name.endswith(SUFFIX)


def read_origin(optimized: Path) -> Origin:
    """What lies beside an optimized model.

    Raises:
        ModelFileError: it is missing or unreadable.
    """
    path = origin_path(optimized)
    try:
        read: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise ModelFileError(f"{path}: expected format {FORMAT} of koe's reports. {_REMAKE}")
        return structure(read, Origin)
    except (OSError, ValueError, StructureError) as error:
        raise ModelFileError(
            f"{path}: expected the report of `koe model optimize`, found none ({error}). {_REMAKE}"
        ) from error


def check_optimized(optimized: Path, host: Host | None = None) -> Origin:
    """Make sure that the model is the one its report is about, and right on this machine.

    Hashes the graph, and looks at the size of what is larger than that; `koe model verify` reads all of it.

    Raises:
        ModelFileError: it is damaged, incomplete, or made for processors unlike this one.
    """
    origin = read_origin(optimized)
    model, *others = origin.files
    for stored in others:
        path = optimized.with_name(stored.name)
        found = path.stat().st_size if path.is_file() else 0
        if found != stored.size_bytes:
            raise ModelFileError(f"{path}: expected {stored.size_bytes:,} bytes, found {found:,}. {_REMAKE}")
    if not _is(optimized, model):
        raise ModelFileError(f"{optimized} is not the file that {origin_path(optimized)} is about. {_REMAKE}")
    if origin.needs_wide_int8 and not (host or Host.current()).wide_int8:
        raise ModelFileError(
            f"{optimized} was made on {origin.host.cpu}, whose 8-bit arithmetic this processor lacks: "
            f"it would sound wrong here. {_REMAKE} on this machine"
        )
    return origin


def _is(path: Path, stored: StoredFile) -> bool:
    if not path.is_file() or path.stat().st_size != stored.size_bytes:
        return False
    return stored.size_bytes > _HASHED_BYTES or StoredFile.of(path).sha256 == stored.sha256
