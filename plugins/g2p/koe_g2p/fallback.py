"""Words and languages that are left to the phonemizers behind this one in `pipeline.phonemize`."""

from collections.abc import Sequence
from functools import lru_cache

from attrs import evolve, frozen
from koe.api import PhonemeWord, Phonemizer, Segment, VoiceMix

from koe_g2p.espeak_symbols import from_english, from_other
from koe_g2p.lexicon import Accent
from koe_g2p.pronouncer import Pronouncer

UNREADABLE = "❓"
"""What stands for a word that nobody can say. It is outside every vocabulary, so the core reports it."""
_CACHED_WORDS = 4096
_TAGS: dict[Accent, str] = {"american": "en-US", "british": "en-GB"}
_NOBODY = VoiceMix(())
_DIGITS = "zero one two three four five six seven eight nine".split()


@frozen
class Fallback:
    """One phonemizer that says IPA; `tied`: with U+0361 between the letters of one sound."""

    phonemizer: Phonemizer
    tied: bool

    @classmethod
    def of(cls, phonemizer: Phonemizer) -> "Fallback":
        tied = phonemizer.tied()
        return cls(tied, tied is not phonemizer)

    def words(self, segment: Segment) -> list[PhonemeWord]:
        """The segment's words in Kokoro's symbols; given phonemes stay as they are."""
        given = {(segment.source(one.span.start, one.span.end), one.phonemes) for one in segment.given}
        return [
            word
            if (word.source, word.phonemes) in given
            else evolve(word, phonemes=from_other(word.phonemes, tied=self.tied))
            for word in self.phonemizer.phonemize(segment)
        ]

    def english(self, word: str, accent: Accent) -> str:
        """The phonemes of one English word."""
        said = self.phonemizer.phonemize(Segment(word, _NOBODY, _TAGS[accent]))
        ipa = " ".join(one.phonemes for one in said if one.phonemes)
        return from_english(ipa, accent, tied=self.tied)


class Fallbacks:
    """The phonemizers behind this one; none before `use`."""

    def __init__(self) -> None:
        self._fallbacks: tuple[Fallback, ...] = ()

    def use(self, phonemizers: Sequence[Phonemizer]) -> None:
        self._fallbacks = tuple(map(Fallback.of, phonemizers))

    def find(self, language: str) -> Fallback | None:
        """The first one that supports the language."""
        supporting = (one for one in self._fallbacks if one.phonemizer.supports(language))
        return next(supporting, None)


class UnknownWords:
    """Says the words of one accent that the lexicon does not have.

    Where there is no fallback for English, or the word has no sound there, it is spelt.
    """

    def __init__(self, accent: Accent, fallbacks: Fallbacks) -> None:
        self._accent = accent
        self._fallbacks = fallbacks
        self._fallback = lru_cache(_CACHED_WORDS)(self._by_fallback)

    def say(self, pronouncer: Pronouncer, word: str) -> str:
        """Phonemes, `UNREADABLE` for letters that have no name, or nothing for symbols without a sound."""
        return self._fallback(word) or _spelt(pronouncer, word)

    def _by_fallback(self, word: str) -> str:
        fallback = self._fallbacks.find(_TAGS[self._accent])
        return "" if fallback is None else fallback.english(word, self._accent)


def _spelt(pronouncer: Pronouncer, word: str) -> str:
    names = [_name(pronouncer, character) for character in word if character.isalnum()]
    return " ".join(names)


def _name(pronouncer: Pronouncer, character: str) -> str:
    if character.isascii() and character.isdigit():
        return pronouncer.say(_DIGITS[int(character)]) or UNREADABLE
    return (pronouncer.spell(character) if character.isascii() else None) or UNREADABLE
