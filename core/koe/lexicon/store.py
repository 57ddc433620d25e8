"""The lexicon of the config, kept as its files are."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import structlog
from attrs import define, field

from koe.errors import ConfigError
from koe.lexicon.contents import Contents, LexiconFileError, Tables, entries_of
from koe.lexicon.files import FileState, load_lexicon
from koe.lexicon.matching import Held, Lexicon, Origin
from koe.settings import LexiconSettings
from koe.toml import dotted

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 1.0

Check: TypeAlias = Callable[[Iterable[Held]], Sequence[str]]
"""What is wrong with entries, beyond what a file can know."""


def _nothing_wrong(_held: Iterable[Held]) -> Sequence[str]:
    return ()


@define(eq=False)
class _File:
    """A file of the config: its state when it was last looked at, and its last good contents."""

    path: Path
    state: FileState | None = None
    contents: Contents = field(factory=Contents)


@define(eq=False)
class Lexicons:
    """The entries of the config itself, then those of its files. Safe to share among threads.

    `check` is asked about what changed files hold; it is set once the engines are open.
    """

    _inline: Contents
    _files: tuple[_File, ...]
    _now: Callable[[], float] = time.monotonic
    check: Check = _nothing_wrong
    _lexicon: Lexicon = field(init=False)
    _looked_at: float = field(init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._lexicon = self._joined()
        self._looked_at = self._now()

    @classmethod
    def of(cls, settings: LexiconSettings, now: Callable[[], float] = time.monotonic) -> "Lexicons":
        """Raises `ConfigError` with all mistakes of all files."""
        inline, problems = _inline(settings)
        files = []
        for name in settings.files:
            file = _File(Path(name), FileState.of(Path(name)))
            try:
                file.contents = load_lexicon(file.path)
            except LexiconFileError as error:
                problems.extend(f"lexicon.files: {problem}" for problem in error.problems)
            files.append(file)
        if problems:
            raise ConfigError(problems)
        for file in files:
            _tell_left_out(file)
        return cls(inline, tuple(files), now)

    @property
    def held(self) -> tuple[Held, ...]:
        """All entries as they are now, without a look at the files."""
        return self._lexicon.all

    def current(self) -> Lexicon:
        """The lexicon, read anew where a file changed in the last second or before.

        Looks at files, and reads those that changed: not for the event loop. While one thread reads, others
        get what there was.
        """
        if self._files and self._lock.acquire(blocking=False):
            try:
                if self._now() - self._looked_at >= CHECK_EVERY_S:
                    self._refresh()
                    self._looked_at = self._now()
            finally:
                self._lock.release()
        return self._lexicon

    def _refresh(self) -> None:
        changed = [file for file in self._files if self._changed(file)]
        if changed:
            self._lexicon = self._joined()
            for file in changed:
                log.info("lexicon_reloaded", file=str(file.path), entries=len(file.contents.held))
                _tell_left_out(file)

    def _changed(self, file: _File) -> bool:
        """Whether the file has new contents. A bad version is told once, and the last good one stays."""
        state = FileState.of(file.path)
        if state == file.state:
            return False
        file.state = state
        try:
            contents = load_lexicon(file.path)
            problems = self.check(contents.held)
        except LexiconFileError as error:
            problems = error.problems
        if problems:
            log.error("lexicon_not_reloaded", file=str(file.path), problems=list(problems))
            return False
        file.contents = contents
        return True

    def _joined(self) -> Lexicon:
        return Lexicon((*self._inline.held, *(held for file in self._files for held in file.contents.held)))


def _inline(settings: LexiconSettings) -> tuple[Contents, list[str]]:
    tables = Tables(words=settings.words, entries=settings.entries)
    contents, problems = entries_of(tables, lambda path: Origin(dotted(("lexicon", *path))))
    return contents, [f"lexicon.{problem}" for problem in problems]


def _tell_left_out(file: _File) -> None:
    for reason in file.contents.left_out:
        log.warning("lexicon_entry_left_out", reason=reason)
