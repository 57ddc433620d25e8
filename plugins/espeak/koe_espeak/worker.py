"""The process that espeak-ng lives in: it answers one question after the other, until koe closes the pipe.

Some texts make espeak-ng write where it should not. Here, that costs nobody but whoever asked.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koe_espeak.files import EspeakFiles
from koe_espeak.frames import EndedError, packed, unpacked
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

    def open(self, library: str, data: str) -> Answer:
        """Load espeak-ng."""
        self._library = Library(EspeakFiles(Path(library), Path(data)))
        return {"version": self._library.version, "folder": self._library.folder}, b""

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
        result, audio = desk.answer(question)
    except LoadError as error:
        return packed({"unavailable": str(error)})
    except Exception as error:  # noqa: BLE001 - it is the asker's
        return packed({"error": f"{type(error).__name__}: {error}"})
    return packed({"result": result}, audio)


def main() -> None:
    """Answer standard input on standard output. What espeak-ng prints goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    desk = _Desk()
    try:
        while True:
            question, _ = unpacked(lambda count: os.read(0, count))
            frame = memoryview(_answered(desk, question))
            while frame:
                frame = frame[os.write(answers, frame) :]
    except (EndedError, BrokenPipeError):
        pass
    finally:
        desk.close()


if __name__ == "__main__":
    main()
