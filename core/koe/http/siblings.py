"""Which of several server processes this one is, and the folder that all of them share."""

import os
import shutil
from pathlib import Path

from koe.errors import KoeError

NUMBER, FOLDER = "KOE_WORKER_NUMBER", "KOE_WORKER_FOLDER"
"""The environment variables by which the supervisor tells its workers."""


def number() -> int:
    """The number of this process among its siblings, from 0."""
    return int(os.environ.get(NUMBER, "0"))


def folder() -> Path | None:
    """The shared folder; None where there are no siblings."""
    given = os.environ.get(FOLDER)
    return Path(given) if given else None


def environment(of: int, shared: Path) -> dict[str, str]:
    """What a worker is told."""
    return {NUMBER: str(of), FOLDER: str(shared)}


def remove_folder() -> None:
    """Remove the shared folder, as the last one to leave; others may do the same at the same time."""
    shared = folder()
    if shared is not None:
        shutil.rmtree(shared, ignore_errors=True)


class SharedFolderError(KoeError):
    """No folder could be made that several server processes share."""

    code = "shared_folder"
