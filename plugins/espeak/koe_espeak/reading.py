"""The phonemes of a text, word by word, as espeak-ng reads it."""

import re
from collections.abc import Iterable, Iterator, Sequence

from koe_espeak.library import Library, Tuning

# What comes out when "whisky" interrupts French: (en)wˈɪski(fr), with ties (͡e͡n)wˈɪski(͡f͡r)
_LANGUAGE_SWITCH = re.compile("\\((?:\u0361?[a-z]){2,3}(?:\u0361?-(?:\u0361?[a-z0-9])+)*\u0361?\\)")
# Only the words' places in the text are wanted of the audio: fast and high is the cheapest to make.
_HASTE = Tuning(rate_wpm=350, pitch=99)


def read(library: Library, identifier: str, text: str, *, ties: bool) -> list[tuple[int, str]]:
    """Each word that espeak-ng speaks: the character at which it starts, and its phonemes.

    `text` is `Speakable`. With `ties`, U+0361 stands between the letters of one sound.
    """
    library.set_voice(identifier)
    library.tune(_HASTE)
    phonemes = library.phonemes(text, ties=ties)
    clauses = [_LANGUAGE_SWITCH.sub("", clause).split(" ") for clause in phonemes if clause]
    if not clauses:
        return []
    places = [[position for position, _ in clause.words] for clause in library.synthesize(text).clauses]
    return [(position, spoken) for position, spoken in _paired(clauses, places) if spoken]


def _paired(clauses: Sequence[Sequence[str]], places: Sequence[Sequence[int]]) -> Iterator[tuple[int, str]]:
    """Each word's place, silent words included; where the numbers differ, nothing is taken apart."""
    if len(clauses) != len(places):
        yield 0, _joined(word for clause in clauses for word in clause)
        return
    for words, positions in zip(clauses, places, strict=True):
        if len(words) == len(positions):
            yield from zip(positions, words, strict=True)
        else:
            yield positions[0], _joined(words)


def _joined(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word)
