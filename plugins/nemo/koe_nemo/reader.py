"""NeMo's reading, by one process for all languages, which is replaced when it is lost."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import structlog
from attrs import define, field

from koe_nemo.process import NemoProcess, ProcessLostError

MOST_STARTS = 5
STARTS_WITHIN_S = 60.0
"""So many starts in so many seconds: text that kills its reader costs no more than that."""

LOAD_LIMIT_S = 60.0

log = structlog.get_logger("koe.nemo")


class UnreadableError(ValueError):
    """NeMo could not read a text."""


@define
class Budget:
    """The seconds that NeMo may take for a sentence, and those that are left."""

    limit_s: float
    left_s: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.left_s = self.limit_s


@define(eq=False)
class Reader:
    """Reads one text at a time, whichever thread it comes from: the others wait.

    The library takes 70 MB before it knows a language, so there is one process for all of them.
    """

    start: Callable[[], NemoProcess] = NemoProcess
    clock: Callable[[], float] = time.monotonic
    _process: NemoProcess | None = field(default=None, init=False)
    _loaded: set[str] = field(factory=set, init=False)
    _starts: deque[float] = field(factory=deque, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def load(self, language: str, folder: Path) -> None:
        """Be ready for texts in `language`, by the grammars in `folder`. Takes 0.2 to 3 seconds.

        Raises:
            ProcessLostError: it failed.
        """
        with self._lock:
            self._ready(language, folder)

    def read(self, language: str, folder: Path, text: str, budget: Budget) -> str:
        """`text` as NeMo speaks it.

        A call may take all of the sentence's budget, however little of it is left: that only says whether
        there is to be another one. Waiting for other texts and for a new process is not charged.

        Raises:
            UnreadableError: NeMo says so.
            ProcessLostError: the process died or took too long; the next text has a new one.
        """
        with self._lock:
            process = self._ready(language, folder)
            began = self.clock()
            try:
                answer = self._ask(process, {"language": language, "text": text}, budget.limit_s)
            finally:
                budget.left_s -= self.clock() - began
        if "error" in answer:
            raise UnreadableError(answer["error"])
        return answer["spoken"]

    def close(self) -> None:
        """End the process, when it has read what it is at. A later text would start another one."""
        with self._lock:
            self._drop()

    def _ready(self, language: str, folder: Path) -> NemoProcess:
        process = self._process
        if process is not None and not process.is_alive:
            self._lose(ProcessLostError("died", "NeMo's process ended while nothing was asked of it"))
            process = None
        if process is None:
            process = self._process = self._started()
        if language not in self._loaded:
            answer = self._ask(process, {"language": language, "folder": str(folder)}, LOAD_LIMIT_S)
            if "error" in answer:
                lost = ProcessLostError("not_loaded", f"the grammars in {folder}: {answer['error']}")
                self._lose(lost)
                raise lost
            self._loaded.add(language)
        return process

    def _started(self) -> NemoProcess:
        now = self.clock()
        while self._starts and now - self._starts[0] >= STARTS_WITHIN_S:
            self._starts.popleft()
        if len(self._starts) >= MOST_STARTS:
            raise ProcessLostError(
                "no_process",
                f"NeMo's process was lost {MOST_STARTS} times within {STARTS_WITHIN_S:g} s; "
                f"it is started again in {STARTS_WITHIN_S - (now - self._starts[0]):.0f} s",
            )
        self._starts.append(now)
        return self.start()

    def _ask(self, process: NemoProcess, request: dict[str, str], limit_s: float) -> dict[str, str]:
        try:
            return process.ask(request, limit_s)
        except ProcessLostError as lost:
            self._lose(lost)
            raise
        except (
            BaseException
        ):  # such as Ctrl+C: the answer that is still to come would be taken for the next one's
            self._drop()
            raise

    def _lose(self, lost: ProcessLostError) -> None:
        log.warning(
            "nemo_process_lost", reason=lost.reason, detail=str(lost), recent_starts=len(self._starts)
        )
        self._drop()

    def _drop(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None
        self._loaded.clear()
