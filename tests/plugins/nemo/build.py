"""The normalizer `nemo` with a reader of the test's own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from koe.api import GivenPhonemes, Segment, Span, VoiceMix
from koe_nemo.folders import GrammarFolders
from koe_nemo.grammars import Grammars
from koe_nemo.normalizer import Nemo

VERSION = "9.9"


def folders(root: Path, *built: str) -> GrammarFolders:
    """The folders of a NeMo 9.9, in which the languages `built` are complete."""
    made = GrammarFolders(root, lambda: VERSION)
    for language in built:
        made.path(language).mkdir(parents=True)
        (made.path(language) / "grammar.far").write_bytes(b"12345")
    return made


def grammars(
    root: Path, read: Callable[[str], str], languages: Sequence[str] = ("en",), built: Sequence[str] = ("en",)
) -> Grammars:
    return Grammars(folders(root, *built), languages, lambda _language, _folder: read)


def nemo(root: Path, read: Callable[[str], str], **options) -> Nemo:
    return Nemo(grammars(root, read), **{"budget_s": 1.0, **options})


def segment(text: str, language: str = "en-US", given: tuple[tuple[str, str], ...] = ()) -> Segment:
    """A segment; `given` are words of it with their phonemes."""
    phonemes = tuple(
        GivenPhonemes(Span(text.index(word), text.index(word) + len(word)), sound) for word, sound in given
    )
    return Segment(text, VoiceMix.of("any"), language, given=phonemes)


def one(normalizer: Nemo, made: Segment) -> Segment:
    (result,) = normalizer.normalize(made)
    return result
