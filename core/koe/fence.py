"""What stands between koe and text libraries: their cost is predicted, their failures are counted."""

import re
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import structlog

from koe.notes import note

T = TypeVar("T")

_log = structlog.get_logger("koe.normalize")

_COSTLY = re.compile(r"\d+|[^\w\s]")

_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What pure computation on unexpected text raises. Memory, files and interrupts are not the text's fault."""


class Fence:
    """Runs one library on short texts; the text stays as written where it fails or would take too long.

    The libraries' cost grows with the runs of digits and symbols, and a thread cannot be stopped, so what
    would be slow is not begun. Safe to share among threads.

    Attributes:
        left: how often a text was left as written, by reason.
    """

    def __init__(self, library: str, most_runs: int = 40) -> None:
        self.library = library
        self.left: Counter[str] = Counter()
        self._most_runs = most_runs
        self._lock = Lock()

    def run(self, call: Callable[[str], T], text: str) -> T | None:
        """`call(text)`; None where the text is to stay as written."""
        runs = sum(1 for _ in _COSTLY.finditer(text))
        if runs > self._most_runs:
            self.leave("too_costly", text, f"{runs} runs of digits and symbols")
            return None
        try:
            return call(text)
        except _FAILURES as error:
            self.leave("failed", text, f"{type(error).__name__}: {error}")
            return None

    def leave(self, reason: str, text: str, detail: str) -> None:
        """Count that `text` stays as written; the log hears of the first, second, fourth, eighth … time."""
        with self._lock:
            self.left[reason] += 1
            times = self.left[reason]
        note(f"{self.library} left {text!r} as written: {reason} ({detail})")
        if times & (times - 1):
            return
        _log.warning(
            "normalization_left_as_written",
            library=self.library,
            reason=reason,
            times=times,
            detail=detail,
            characters=len(text),
        )
