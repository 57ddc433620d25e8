"""The process that espeak-ng lives in: it answers one question after the other, until koe closes the pipe.

Some texts make espeak-ng write where it should not. Here, that costs nobody but whoever asked.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from koe_espeak.files import EspeakFiles
from koe_espeak.frames import LIMIT_S, EndedError, packed, unpacked
from koe_espeak.library import Library, LoadError, Tuning
from koe_espeak.reading import read

Answer = tuple[Any, bytes]


class _Desk:
    """Answers questions with the library of the last `open`."""

    def __init__(self) -> None:
        self._library: Library | None = None

    def answer(self, question: dict[str, Any]) -> Answer:
        """A question names what is to be done, with its arguments."""
        work: Callable[..., Answer] = getattr(self, question.pop("do"))
        return work(**question)

    def close(self) -> None:
        if self._library is not None:
            self._library.close()

    def open(self, library: str, data: str, folder: str | None) -> Answer:
        """Load espeak-ng. koe removes `folder`, too: this process may not come to it."""
        files = EspeakFiles(Path(library), Path(data))
        self._library = Library(files, None if folder is None else Path(folder))
        return None, b""

    def version(self) -> Answer:
        return self._opened().version, b""

    def voices(self) -> Answer:
        return [[voice.identifier, voice.gender, voice.languages] for voice in self._opened().voices()], b""

    def variants(self) -> Answer:
        return [[voice.identifier, voice.gender, voice.languages] for voice in self._opened().variants()], b""

    def read(self, identifier: str, text: str, ties: bool) -> Answer:  # noqa: FBT001 - by name, from JSON
        """See `reading.read`."""
        return list(read(self._opened(), identifier, text, ties=ties)), b""

    def speak(self, identifier: str, text: str, tuning: list[int]) -> Answer:
        """The clauses, as words and end; behind them the samples, 16 bits each."""
        library = self._opened()
        library.fresh()
        library.set_voice(identifier)
        library.tune(Tuning(*tuning))
        made = library.synthesize(text)
        return [[clause.words, clause.end_sample] for clause in made.clauses], made.audio

    def _opened(self) -> Library:
        if self._library is None:
            raise RuntimeError("espeak-ng is not open")
        return self._library


def _answered(desk: _Desk, question: dict[str, Any]) -> bytes:
    try:
        with _limited():
            result, audio = desk.answer(question)
    except LoadError as error:
        return packed({"unavailable": str(error)})
    except Exception as error:  # noqa: BLE001 - it is the asker's
        return packed({"error": f"{type(error).__name__}: {error}"})
    return packed({"result": result}, audio)


@contextmanager
def _limited() -> Iterator[None]:
    """End this process where the work never ends. koe does so before, unless it was killed meanwhile."""
    if sys.platform == "win32":
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, 2 * LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _keep_no_cores() -> None:
    """Texts that make espeak-ng crash are for nobody's disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answers() -> int:
    """Standard output, for the answers alone. What else is printed from now on goes to standard error."""
    answers = os.dup(1)
    with suppress(OSError):  # koe may run without one
        os.dup2(2, 1)
    return answers


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def main() -> None:
    """Answer standard input on standard output."""
    _keep_no_cores()
    answers, desk = _answers(), _Desk()
    try:
        while True:
            question, _ = unpacked(lambda count: os.read(0, count))
            _write(answers, _answered(desk, question))
    except (EndedError, BrokenPipeError):
        pass
    finally:
        desk.close()


if __name__ == "__main__":
    main()
