"""The normalizer `nemo` with a reader of the test's own, and a process that is none of NeMo's."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from koe.api import GivenPhonemes, Segment, Span, VoiceMix
from koe_nemo.folders import GrammarFolders
from koe_nemo.grammars import Grammars
from koe_nemo.normalizer import Nemo
from koe_nemo.process import NemoProcess
from koe_nemo.reader import Budget, Reader

VERSION = "9.9"


def folders(root: Path, *built: str) -> GrammarFolders:
    """The folders of a NeMo 9.9, in which the languages `built` are complete."""
    made = GrammarFolders(root, lambda: VERSION)
    for language in built:
        made.path(language).mkdir(parents=True)
        (made.path(language) / "grammar.far").write_bytes(b"12345")
    return made


def fake_process() -> NemoProcess:
    """A process with `fake_worker.py` in it."""
    return NemoProcess([sys.executable, "-P", str(Path(__file__).with_name("fake_worker.py"))])


class FakeReader(Reader):
    """Starts no process: reads by a function, at `cost_s` seconds a text; remembers what was loaded."""

    def __init__(self, read: Callable[[str], str], cost_s: float = 0.0) -> None:
        super().__init__()
        self.loaded: list[tuple[str, Path]] = []
        self.closed = False
        self._speak = read
        self._cost_s = cost_s

    def load(self, language: str, folder: Path) -> None:
        self.loaded.append((language, folder))

    def read(self, language: str, folder: Path, text: str, budget: Budget) -> str:
        budget.left_s -= self._cost_s
        return self._speak(text)

    def close(self) -> None:
        self.closed = True


def grammars(
    root: Path, reader: FakeReader, languages: Sequence[str] = ("en",), built: Sequence[str] = ("en",)
) -> Grammars:
    return Grammars(folders(root, *built), languages, reader)


def nemo(root: Path, read: Callable[[str], str], cost_s: float = 0.0, budget_s: float = 1.0) -> Nemo:
    return Nemo(grammars(root, FakeReader(read, cost_s)), budget_s)


def segment(text: str, language: str = "en-US", given: tuple[tuple[str, str], ...] = ()) -> Segment:
    """A segment; `given` are words of it with their phonemes."""
    phonemes = tuple(
        GivenPhonemes(Span(text.index(word), text.index(word) + len(word)), sound) for word, sound in given
    )
    return Segment(text, VoiceMix.of("any"), language, given=phonemes)


def one(normalizer: Nemo, made: Segment) -> Segment:
    (result,) = normalizer.normalize(made)
    return result
