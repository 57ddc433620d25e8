"""The one espeak-ng of this process, which lives in a process of its own."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from koe.api import EngineUnavailableError, InvalidRequestError, KoeError

from koe_espeak.files import EspeakFiles
from koe_espeak.library import EspeakVoice, Tuning
from koe_espeak.process import EspeakProcess, ProcessLostError
from koe_espeak.recorder import Recording, SpokenClause

log = structlog.get_logger(__name__)

_lock = threading.Lock()
"""Held by whoever asks espeak-ng, which does one thing at a time."""
_clients: set["Espeak"] = set()
_process: EspeakProcess | None = None


class Espeak:
    """Access to espeak-ng. Safe to use from any thread.

    All instances share one process, which starts with the first question and ends when the last instance
    that asked something is closed. A closed instance may be used again.

    Where espeak-ng dies of a question, the question is asked once more, in a new process: it may have been
    the one before it that did the damage.

    All questions raise:
        EngineUnavailableError: espeak-ng cannot be loaded, or somebody ended it, twice.
        InvalidRequestError: it dies of this text, or never ends.
        RuntimeError: it refused.
    """

    def __init__(self, files: Callable[[], EspeakFiles]) -> None:
        self._files = files

    def files(self) -> EspeakFiles:
        """Where it is loaded from."""
        return self._files()

    def version(self) -> str:
        return str(self._ask("version")[0])

    def voices(self) -> tuple[EspeakVoice, ...]:
        """The language voices that can speak."""
        return _voices(self._ask("voices")[0])

    def variants(self) -> tuple[EspeakVoice, ...]:
        """The variants (`!v/f2`) that can be laid over every language voice."""
        return _voices(self._ask("variants")[0])

    def read(self, identifier: str, text: str, *, ties: bool) -> list[tuple[int, str]]:
        """Each spoken word's place in `text`, which is `Speakable`, and its phonemes (see `reading.read`)."""
        found, _ = self._ask("read", identifier=identifier, text=text, ties=ties)
        return [(place, phonemes) for place, phonemes in found]

    def speak(
        self, identifier: str, text: str, tuning: Tuning, stop: Callable[[], bool] = lambda: False
    ) -> Recording:
        """Speak `text`, which is `Speakable`, as if nothing had been spoken before.

        Raises `GivenUpError` where `stop` says so meanwhile; that ends the process, and with it the work.
        """
        parameters = [tuning.rate_wpm, tuning.pitch, tuning.word_gap]
        clauses, audio = self._ask("speak", stop, identifier=identifier, text=text, tuning=parameters)
        return Recording(audio, tuple(SpokenClause(_pairs(words), end) for words, end in clauses))

    def close(self) -> None:
        """Let go of espeak-ng. Closing twice does no harm."""
        global _process
        with _lock:
            _clients.discard(self)
            if not _clients and _process is not None:
                process, _process = _process, None
                process.end()

    def _ask(
        self, what: str, stop: Callable[[], bool] = lambda: False, **arguments: Any
    ) -> tuple[Any, bytes]:
        with _lock:
            try:
                return self._running().ask(what, stop, **arguments)
            except ProcessLostError as lost:
                log.warning("espeak_restarted", reason=str(lost), question=what)
            try:
                return self._running().ask(what, stop, **arguments)
            except ProcessLostError as lost:
                raise _refusal(lost) from lost

    def _running(self) -> EspeakProcess:
        """The process, with this instance's files. The lock is held."""
        global _process  # noqa: PLW0603 - as in `close`
        files = self._files()
        if _process is not None and _process.files != files:
            process, _process = _process, None
            process.end()
        if _process is None or _process.gone:
            _process = EspeakProcess(files)
        _clients.add(self)
        return _process


def _refusal(lost: ProcessLostError) -> KoeError:
    if lost.faulty:
        return InvalidRequestError(
            f"espeak-ng cannot read a part of this text: its process {lost}, twice. Rewrite what is unusual "
            f"in it, such as rare characters in a row, or ask for another language",
            param="input",
        )
    return EngineUnavailableError(f"espeak-ng did not answer: its process {lost}, twice. Try again")


def _after_fork() -> None:
    """A fork has no espeak-ng yet; and nobody in it will ever let go of a lock that was held."""
    global _lock, _process  # noqa: PLW0603 - as in `close`
    _lock = threading.Lock()
    _clients.clear()
    if _process is not None:
        _process.disown()
        _process = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _voices(found: Sequence[tuple[str, int, Sequence[tuple[int, str]]]]) -> tuple[EspeakVoice, ...]:
    return tuple(
        EspeakVoice(identifier, gender, _pairs(languages)) for identifier, gender, languages in found
    )


def _pairs(found: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple((first, second) for first, second in found)
