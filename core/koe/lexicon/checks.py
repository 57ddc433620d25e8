"""What can be said about entries only where phonemizers and engines are known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from koe.guard import guarded
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.matching import Held
from koe.lexicon.phonemes import unknown_symbols
from koe.problems import MOST_PROBLEMS
from koe.registry import Owned
from koe.stages import Phonemizer
from koe.types import Segment, Span, Stage, VoiceMix

_ENGLISH = ("en-US", "en-GB")


def tagged(phonemizers: Sequence[Owned[Phonemizer]], segment: Segment) -> Sequence[tuple[Span, str]] | None:
    """The parts of speech of a segment's words, by the first phonemizer that can tell; None for nobody."""
    for owned in phonemizers:
        with guarded(Stage.PHONEMIZE, owned.component.name, owned.plugin):
            if owned.component.supports(segment.language):
                tags = owned.component.parts_of_speech(segment)
                if tags is not None:
                    return tags
    return None


def tells_parts_of_speech(phonemizers: Sequence[Owned[Phonemizer]], language: str) -> bool:
    """Whether any of them tells the parts of speech of texts in `language`."""
    return tagged(phonemizers, Segment("a word", VoiceMix(()), language)) is not None


def mistakes(
    held: Iterable[Held],
    phonemizers: Sequence[Owned[Phonemizer]],
    vocabularies: Mapping[str, frozenset[str]],
) -> list[str]:
    """What is wrong with entries: conditions that nobody can tell, sounds that an engine cannot make.

    `vocabularies` are those of the engines that read phonemes, by their names.
    """
    found = _mistakes(held, lambda language: tells_parts_of_speech(phonemizers, language), vocabularies)
    return [problem for problem, _ in zip(found, range(MOST_PROBLEMS), strict=False)]


def _mistakes(
    held: Iterable[Held], tells: Callable[[str], bool], vocabularies: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    told: dict[str, bool] = {}
    for entry, origin in held:
        if entry.part_of_speech:
            if entry.language not in told:
                told[entry.language] = tells(entry.language)
            if not told[entry.language]:
                yield f"{origin}: {_untold(entry)}"
        if entry.ipa:
            yield from (f"{origin}: {words}" for words in _unsayable(entry, vocabularies))


def _untold(entry: LexiconEntry) -> str:
    return (
        f"{entry.word!r} depends on its part of speech, which no phonemizer of pipeline.phonemize tells for "
        f"{entry.language!r}; enable the plugin g2p and put 'misaki' there for English, or leave "
        f"part_of_speech out"
    )


def _unsayable(entry: LexiconEntry, vocabularies: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """One message for each engine that has symbols for it in none of the languages it is for."""
    languages = _languages(entry)
    for engine, vocabulary in vocabularies.items():
        unknown: list[str] = []
        for language in languages:
            unknown = unknown_symbols(entry.sounds, language, vocabulary)
            if not unknown:
                break
        if unknown:
            named = ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in unknown)
            yield (
                f"{entry.word!r}: engine {engine!r} has no phoneme symbol {named} for /{entry.sounds}/. "
                f"It has {''.join(sorted(vocabulary)).strip()}"
            )


def _languages(entry: LexiconEntry) -> Sequence[str]:
    """The languages that its IPA may be read in, as far as that makes a difference."""
    if not entry.language:
        return (*_ENGLISH, "")
    return _ENGLISH if entry.language.lower() == "en" else (entry.language,)
