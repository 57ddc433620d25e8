"""Where values live: in this process alone, or in files that all server processes share.

`prometheus_client` keeps the values of several processes in memory-mapped files, a set for each process; a
scrape of any of them adds all up. Here a worker's files carry its number, which its replacement inherits: it
goes on counting where the dead one ended, and files do not pile up. A lock that ends with its process tells
who is alive.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@frozen
class Store:
    """`registry` takes the instruments, `collected` is what a scrape shows."""

    registry: CollectorRegistry
    collected: CollectorRegistry
    folder: Path | None = None
    worker: int = 0
    workers: int = 1

    def forget_dead(self) -> None:
        """Drop what processes that are gone were doing; what they counted stays."""
        if self.folder is None:
            return
        for number in range(self.workers):
            if number != self.worker:
                with _lock(self.folder, number, wait=False) as dead:
                    if dead:
                        _forget(number, self.folder)


@contextmanager
def own_store() -> Iterator[Store]:
    """For the only process."""
    registry = CollectorRegistry()
    yield Store(registry, registry)


@contextmanager
def shared_store(folder: Path, worker: int, workers: int) -> Iterator[Store]:
    """For one of several processes that share `folder`.

    For as long as it lasts, all metrics made in this process live there, whoever makes them.
    """
    folder = folder / "metrics"
    folder.mkdir(exist_ok=True)
    with _lock(folder, worker, wait=True), _environment(folder):
        _forget(worker, folder)
        before = values.ValueClass
        values.ValueClass = values.MultiProcessValue(lambda: worker)  # type: ignore[no-untyped-call]
        try:
            collected = CollectorRegistry()
            MultiProcessCollector(collected, str(folder))  # type: ignore[no-untyped-call]
            yield Store(CollectorRegistry(), collected, folder, worker, workers)
        finally:
            values.ValueClass = before
            _forget(worker, folder)


def _forget(number: int, folder: Path) -> None:
    """Remove the gauges of a worker that is not at work."""
    mark_process_dead(number, str(folder))  # type: ignore[no-untyped-call]


@contextmanager
def _lock(folder: Path, number: int, *, wait: bool) -> Iterator[bool]:
    """Hold the lock of a worker's number; whether it was to be had."""
    with (folder / f"{number}.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    before = os.environ.get(FOLDER_VARIABLE)
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(FOLDER_VARIABLE, None)
        else:
            os.environ[FOLDER_VARIABLE] = before
