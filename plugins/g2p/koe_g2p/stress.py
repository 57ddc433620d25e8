"""Stress marks in misaki's phonemes: where they stand, and how they are moved."""

from enum import Enum

PRIMARY = "ˈ"
SECONDARY = "ˌ"
VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ")
CONSONANTS = frozenset("bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ")
_LONG = frozenset("AIOQWYʤʧ")


class Emphasis(Enum):
    """How strongly a word is said beside what the lexicon has."""

    NONE = "none"
    """Without any stress."""
    LOWERED = "lowered"
    """Its primary stress becomes secondary; a secondary one goes."""
    AS_IS = "as is"
    MARKED = "marked"
    """A word without stress gets a secondary one (capitalised words)."""
    RAISED = "raised"
    """A word without primary stress gets one (words in capital letters)."""

    def apply(self, phonemes: str) -> str:
        """The phonemes with this emphasis."""
        match self:
            case Emphasis.NONE:
                return phonemes.replace(PRIMARY, "").replace(SECONDARY, "")
            case Emphasis.LOWERED if PRIMARY in phonemes:
                return phonemes.replace(SECONDARY, "").replace(PRIMARY, SECONDARY)
            case Emphasis.MARKED if not stressed(phonemes):
                return _before_vowel(SECONDARY, phonemes)
            case Emphasis.RAISED if not stressed(phonemes):
                return _before_vowel(PRIMARY, phonemes)
            case Emphasis.RAISED if PRIMARY not in phonemes:
                return phonemes.replace(SECONDARY, PRIMARY)
        return phonemes


def stressed(phonemes: str) -> bool:
    return PRIMARY in phonemes or SECONDARY in phonemes


def weight(phonemes: str) -> int:
    """How long the phonemes are, diphthongs and affricates counting twice."""
    return sum(2 if symbol in _LONG else 1 for symbol in phonemes)


def _before_vowel(mark: str, phonemes: str) -> str:
    for index, symbol in enumerate(phonemes):
        if symbol in VOWELS:
            return phonemes[:index] + mark + phonemes[index:]
    return phonemes
