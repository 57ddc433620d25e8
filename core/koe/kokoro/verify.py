"""Whether the model files on this machine are the released ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from koe.errors import ModelFileError
from koe.kokoro.catalog import DEFAULT_VARIANT, VARIANTS, ReleasedFile, Variant
from koe.kokoro.download import sha256
from koe.kokoro.optimized import StoredFile, check_optimized


@frozen
class FileCheck:
    """The state of one file. `detail` says what was expected and what was found."""

    path: Path
    status: Literal["ok", "missing", "corrupt"]
    detail: str = ""


def verify(
    folder: Path, variant: Variant | None = None, variants: Sequence[Variant] = VARIANTS
) -> tuple[FileCheck, ...]:
    """Read and hash the variant's files, or every released file that is there with what belongs to it.

    Both the download layout and files lying flat in the folder are looked at. In an empty folder, the
    default variant's files are reported missing.
    """
    known = (
        variants if variant is None else [variant, *(one for one in variants if one.name == variant.older)]
    )
    places: dict[Path, list[ReleasedFile]] = {}
    for file in (file for one in known for file in one.files):
        places.setdefault(_place(folder, file), []).append(file)
    wanted = (variant,) if variant else _present(folder, variants)
    required = [_place(folder, file) for one in wanted for file in one.files]
    strays = () if variant else (path for path in places if path.is_file())
    return tuple(check(path, places[path]) for path in dict.fromkeys([*required, *strays]))


def check(path: Path, files: Sequence[ReleasedFile]) -> FileCheck:
    """Compare a file with the released ones of its name; it is to be one of them."""
    if not path.is_file():
        return FileCheck(path, "missing")
    sizes = {file.size_bytes for file in files}
    size_bytes = path.stat().st_size
    if size_bytes not in sizes:
        expected = " or ".join(f"{size:,}" for size in sorted(sizes))
        return FileCheck(path, "corrupt", f"expected {expected} bytes, found {size_bytes:,}")
    digests = {file.sha256 for file in files}
    digest = sha256(path)
    if digest not in digests:
        return FileCheck(path, "corrupt", f"expected SHA-256 {' or '.join(sorted(digests))}, found {digest}")
    return FileCheck(path, "ok")


def verify_optimized(model: Path) -> tuple[FileCheck, ...]:
    """Hash an optimized model and its weights, and compare them with the report beside them."""
    try:
        origin = check_optimized(model)
    except ModelFileError as error:
        return (FileCheck(model, "corrupt" if model.is_file() else "missing", str(error)),)
    return tuple(_check_stored(model.with_name(stored.name), stored) for stored in origin.files)


def _check_stored(path: Path, stored: StoredFile) -> FileCheck:
    found = StoredFile.of(path)
    if found == stored:
        return FileCheck(path, "ok")
    return FileCheck(path, "corrupt", f"expected SHA-256 {stored.sha256}, found {found.sha256}")


def _present(folder: Path, variants: Sequence[Variant]) -> tuple[Variant, ...]:
    there = tuple(variant for variant in variants if _place(folder, variant.model).is_file())
    return there or tuple(variant for variant in variants if variant.name == DEFAULT_VARIANT)


def _place(folder: Path, file: ReleasedFile) -> Path:
    flat = folder / file.name
    return flat if flat.is_file() and not (folder / file.path).is_file() else folder / file.path
