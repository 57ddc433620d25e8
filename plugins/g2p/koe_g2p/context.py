"""What follows a word, as far as its own sound depends on it."""

from enum import Enum

from attrs import frozen

from koe_g2p.stress import CONSONANTS, VOWELS

PAUSES = frozenset(";:,.!?—…")


class Sound(Enum):
    """What the next word begins with."""

    VOWEL = "vowel"
    CONSONANT = "consonant"
    PAUSE = "pause"
    """Nothing follows, or punctuation does."""


@frozen
class Context:
    """What is to the right of a word: the next sound, and whether the next word is "to"."""

    sound: Sound = Sound.PAUSE
    to: bool = False

    def before(self, phonemes: str, word: str = "", tag: str = "") -> "Context":
        """The context of what stands before a word with these phonemes."""
        to = word in {"to", "To"} or (word == "TO" and tag in {"TO", "IN"})
        return Context(next(filter(None, map(_sound, phonemes)), self.sound), to)

    def before_tail(self, tail: str) -> "Context":
        """The context of what stands before this punctuation."""
        return Context() if PAUSES.intersection(tail) else self


def _sound(symbol: str) -> Sound | None:
    if symbol in VOWELS:
        return Sound.VOWEL
    if symbol in CONSONANTS:
        return Sound.CONSONANT
    return Sound.PAUSE if symbol in PAUSES else None
