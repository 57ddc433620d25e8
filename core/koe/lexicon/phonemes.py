"""Phonemes in the alphabets that people write them in, for the engine at hand."""

from functools import lru_cache

from koe.lexicon import xsampa
from koe.lexicon.ipa import kokoro_symbols

ALPHABETS = ("ipa", "x-sampa", "x-kokoro")


def phoneme_symbols(alphabet: str, text: str, language: str) -> str | None:
    """Phonemes in Kokoro's symbols; None where the alphabet is none of `ALPHABETS`."""
    if alphabet.lower() == "x-kokoro":
        return text.strip()
    sounds = as_ipa(alphabet, text)
    return None if sounds is None else kokoro_symbols(sounds, language)


def as_ipa(alphabet: str, text: str) -> str | None:
    """Phonemes in IPA, those of Kokoro as they are; None where the alphabet is none of `ALPHABETS`."""
    match alphabet.lower():
        case "ipa" | "" | "x-kokoro":
            return " ".join(text.split())
        case "x-sampa" | "xsampa":
            return xsampa.ipa(" ".join(text.split()))
    return None


@lru_cache(maxsize=4096)
def engine_symbols(ipa: str, language: str, vocabulary: frozenset[str] | None) -> str | None:
    """IPA in the symbols of an engine with `vocabulary`; None where it lacks one of them.

    An engine without a vocabulary takes IPA as it is. The others are told in Kokoro's symbols, the only
    alphabet of its kind that is known here.
    """
    if vocabulary is None:
        return ipa
    symbols = kokoro_symbols(ipa, language)
    return symbols if all(one in vocabulary or one.isspace() for one in symbols) else None


def unknown_symbols(ipa: str, language: str, vocabulary: frozenset[str]) -> list[str]:
    """The symbols that an engine lacks, in order."""
    symbols = dict.fromkeys(kokoro_symbols(ipa, language))
    return [one for one in symbols if one not in vocabulary and not one.isspace()]
