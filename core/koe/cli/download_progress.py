"""How downloads show on stderr: a bar on a terminal, a line per event elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from koe.kokoro.download import DownloadEvent, Report


@contextmanager
def reporting(console: Console | None = None) -> Iterator[Report]:
    """What to hand to `download` as `report`; the bar is closed at the end of the block."""
    console = console or Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    lines = _Lines(console)
    if not console.is_terminal:
        yield lines
        return
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with progress:
        yield _Bars(progress, lines)


@define
class _Lines:
    """One line when something starts, ends or goes wrong; none for the bytes in between."""

    console: Console
    _started: set[str] = field(factory=set)

    def __call__(self, event: DownloadEvent) -> None:
        line = self._line(event)
        if line:
            self.console.print(f"{event.file.path}: {line}")

    def _line(self, event: DownloadEvent) -> str:
        if event.kind == "progress":
            return self._start(event)
        return {
            "present": "already here and intact",
            "waiting": "another process is downloading it, waiting",
            "retry": event.detail,
            "finished": "downloaded and verified",
        }[event.kind]

    def _start(self, event: DownloadEvent) -> str:
        if event.file.path in self._started:
            return ""
        self._started.add(event.file.path)
        resumed = f", going on at {event.done_bytes / 1e6:.1f} MB" if event.done_bytes else ""
        return f"downloading {event.file.size_bytes / 1e6:.1f} MB{resumed}"


@define
class _Bars:
    progress: Progress
    lines: _Lines
    _tasks: dict[str, TaskID] = field(factory=dict)

    def __call__(self, event: DownloadEvent) -> None:
        if event.kind == "progress":
            self.progress.update(self._task(event), completed=event.done_bytes)
        else:
            self.lines(event)

    def _task(self, event: DownloadEvent) -> TaskID:
        path = event.file.path
        if path not in self._tasks:
            self._tasks[path] = self.progress.add_task(event.file.name, total=event.file.size_bytes)
        return self._tasks[path]
