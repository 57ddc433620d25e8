"""Bringing released files into the model folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import pooch
from attrs import frozen
from filelock import FileLock, Timeout

from koe.errors import ModelFileError
from koe.kokoro.catalog import ReleasedFile
from koe.kokoro.transfer import PATIENCE, Patience, TransferError, TransferListener, discard, transfer

BASE_URL_VARIABLE = "KOE_MODEL_BASE_URL"


@frozen
class DownloadEvent:
    """What happens to a file: `done_bytes` of it are there; `detail` says why an attempt is repeated."""

    file: ReleasedFile
    kind: Literal["present", "waiting", "progress", "retry", "finished"]
    done_bytes: int = 0
    detail: str = ""


Report: TypeAlias = Callable[[DownloadEvent], None]


def mirror_url(given: str = "") -> str:
    """The given base URL, else what `KOE_MODEL_BASE_URL` says; empty for the files' own origins."""
    return given or os.environ.get(BASE_URL_VARIABLE, "")


def download(
    file: ReleasedFile,
    folder: Path,
    *,
    base_url: str = "",
    report: Report = lambda _: None,
    patience: Patience = PATIENCE,
) -> Path:
    """Have the file, whole and with the right SHA-256, at `folder / file.path`, and return that path.

    A file that is there and intact is left alone, a damaged one is replaced, a part left by an earlier
    attempt is continued. The file appears under its name only when it is complete. Any number of
    processes may ask for the same file: one fetches, the others wait for it. `report` is called in this
    thread.

    Raises:
        ModelFileError: what came is not the released file, or it could not be fetched or stored.
    """
    target = folder / file.path
    if is_intact(target, file):
        report(DownloadEvent(file, "present", file.size_bytes))
        return target
    url = file.url(base_url)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, file, report):
            _store(file, folder, url).fetch(file.path, downloader=_Downloader(file, target, report, patience))
    except TransferError as error:
        raise ModelFileError(
            f"{file.name} could not be downloaded from {url}: {error}. {_way_out(file, target, url)}"
        ) from error
    except OSError as error:
        raise ModelFileError(
            f"{file.name} could not be stored in {target.parent}: {error}. Check its space and permissions, "
            "or choose another folder with --dir or KOE_MODEL_DIR"
        ) from error
    report(DownloadEvent(file, "finished", file.size_bytes))
    return target


def is_intact(path: Path, file: ReleasedFile) -> bool:
    """Whether the path holds exactly the released file; reads all of it where the size is right."""
    return path.is_file() and path.stat().st_size == file.size_bytes and sha256(path) == file.sha256


def sha256(path: Path) -> str:
    return str(pooch.file_hash(str(path), alg="sha256"))


@frozen
class _Downloader:
    """What pooch calls with the URL and the name under which it wants the file."""

    file: ReleasedFile
    target: Path
    report: Report
    patience: Patience

    def __call__(self, url: str, output_file: str, _store: pooch.Pooch) -> None:
        part = self.target.with_name(f"{self.target.name}.part")
        _check_space(part, self.file)
        transfer(url, part, self.file.size_bytes, self.patience, self._listener())
        found = sha256(part)
        if found != self.file.sha256:
            discard(part)
            raise ModelFileError(
                f"What came from {url} is not {self.file.name} of {self.file.release}: expected SHA-256 "
                f"{self.file.sha256}, found {found}. It was deleted; run the command again, or choose "
                f"another source with --base-url or {BASE_URL_VARIABLE}"
            )
        part.replace(output_file)

    def _listener(self) -> TransferListener:
        seen = 0

        def on_bytes(done: int) -> None:
            nonlocal seen
            seen = done
            self.report(DownloadEvent(self.file, "progress", done))

        def on_retry(reason: str, delay_s: float) -> None:
            self.report(DownloadEvent(self.file, "retry", seen, f"{reason}; next attempt in {delay_s:g} s"))

        return TransferListener(on_bytes, on_retry)


def _store(file: ReleasedFile, folder: Path, url: str) -> pooch.Pooch:
    # koe reports progress itself; pooch's own lines would break the bar.
    pooch.get_logger().setLevel("WARNING")
    return pooch.create(
        path=folder, base_url="", registry={file.path: f"sha256:{file.sha256}"}, urls={file.path: url}
    )


@contextmanager
def _alone(target: Path, file: ReleasedFile, report: Report) -> Iterator[None]:
    """Keep other processes from the file. The operating system frees the lock of one that dies."""
    lock = FileLock(f"{target}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(DownloadEvent(file, "waiting"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _check_space(part: Path, file: ReleasedFile) -> None:
    have = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(part.parent).free
    if free < file.size_bytes - have:
        raise ModelFileError(
            f"The disk of {part.parent} is too full for {file.name}: {file.size_bytes - have:,} bytes "
            f"needed, {free:,} free. Make room, or choose another folder with --dir or KOE_MODEL_DIR"
        )


def _way_out(file: ReleasedFile, target: Path, url: str) -> str:
    return (
        "Running the command again goes on where it stopped. "
        f"Without a network, get {url} elsewhere (SHA-256 {file.sha256}) and put it at {target}; "
        f"a mirror is named with --base-url or {BASE_URL_VARIABLE}"
    )
