"""Which of several server processes this one is, and the folder that all of them share."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from koe.errors import KoeError

NUMBER, FOLDER = "KOE_WORKER_NUMBER", "KOE_WORKER_FOLDER"
"""The environment variables by which the supervisor tells its workers."""

_PREFIX = "koe-workers-"
_YOUNG_S = 60.0
"""A folder that was made so recently may be about to be locked."""


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


@contextmanager
def made_folder() -> Iterator[Path]:
    """A folder for what the workers share, removed at the end, and with it those that nobody uses any more.

    Whoever is killed removes nothing. A lock on the folder, which ends with the process that holds it, tells
    the folders of the living from those of the dead.
    """
    try:
        _remove_abandoned()
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise SharedFolderError(
            f"No folder can be made for what server processes share: {error}. Let TMPDIR name a "
            "folder that can be written to, or set server.workers = 1"
        ) from error
    with made as path, _locked(Path(path)):
        yield Path(path)


def _remove_abandoned() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), _locked(path):  # somebody else's, in use, or gone already
            if time.time() - path.stat().st_mtime > _YOUNG_S:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises `OSError` where another process does."""
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


def remove_folder() -> None:
    """Remove the shared folder, as the last one to leave; others may do the same at the same time."""
    shared = folder()
    if shared is not None:
        shutil.rmtree(shared, ignore_errors=True)


class SharedFolderError(KoeError):
    """No folder could be made that several server processes share."""

    code = "shared_folder"
