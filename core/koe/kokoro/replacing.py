"""Replacing a file in one go: readers see the old one or the new one, never half of either."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, content: bytes) -> Path:
    """Write `content` to the path, through to the disk, by way of a hidden `.part` beside it.

    Raises:
        OSError: it could not be written; what was there is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    with removed_on_failure(part):
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    _flush_folder(path.parent)
    return path


@contextmanager
def removed_on_failure(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    """Without this, a power cut may undo the new name. Windows cannot, and need not."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
