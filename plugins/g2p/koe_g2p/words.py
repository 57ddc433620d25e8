"""The words of an English text, each with the punctuation behind it."""

import re
from collections.abc import Iterator, Sequence

from attrs import frozen
from koe.api import GivenPhonemes

from koe_g2p.punctuation import tail

_ALWAYS = re.escape(';!?—…"()“”[]{}«»„‟–¿¡、，。．！？；：（）「」『』《》【】।॥؟،؛‥*~^|\\`#')
# Commas and colons belong to a word between digits, points before any letter or digit, hyphens inside words.
_BETWEEN = re.compile(
    rf"(?:[\s\x00-\x1f\x7f-\x9f\ud800-\udfff{_ALWAYS}]"
    r"|(?<![0-9])[,:]|[,:](?![0-9])|\.(?!\w)|(?<=[a-z]{2})\.(?=[A-Z][a-z])|(?<!\w)-+(?![0-9])|-+(?!\w)|-{2,})+"
)
_LONGEST = 100
_TITLES = frozenset("Mr Mrs Ms Dr Prof St Mt Rev Gen Col Capt Lt Sgt Sen Rep Gov Hon".split())
_MARKS_NUMBERS = frozenset("No Nos pp p vol fig Fig Vol".split())
_ABBREVIATIONS = frozenset("etc vs Esq Jr Sr Inc Ltd Co approx est dept misc".split())
_ALWAYS_ABBREVIATED = frozenset({"e.g", "i.e"})
_INITIALS = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")
_NEAR = 20
_QUOTES = "'‘’"


@frozen
class Word:
    """A word in its text.

    Attributes:
        text: as it is looked up: with apostrophes, and with the point of an abbreviation.
        start: of the word without quotation marks around it, in the text.
        end: of the same.
        tail: what is between it and the next word, as the engine is to see it.
        ends_paragraph: whether a blank line follows.
        given: phonemes that the user gave; None for words to look up.
    """

    text: str
    start: int
    end: int
    tail: str = ""
    ends_paragraph: bool = False
    given: str | None = None


@frozen
class Words:
    """All words, and the punctuation before the first."""

    opening: str
    words: tuple[Word, ...]


def split(text: str, given: Sequence[GivenPhonemes] = ()) -> Words:
    """Split a text into words; stretches with given phonemes are one word each."""
    found = list(_found(text, given))
    words = []
    for index, (start, end, phonemes) in enumerate(found):
        following = found[index + 1][0] if index + 1 < len(found) else len(text)
        between = text[end:following]
        inner_start, inner_end = (start, end) if phonemes is not None else _unquoted(text, start, end)
        words.append(
            Word(
                text[start:end],
                inner_start,
                inner_end,
                _tail(text, end, following),
                between.count("\n") > 1,
                phonemes,
            )
        )
    first = found[0][0] if found else len(text)
    return Words(tail(text[:first], "", text[first : first + 1]).lstrip(), tuple(words))


def _tail(text: str, start: int, end: int) -> str:
    """What the engine sees between two words, at least a space where anything is."""
    made = tail(text[start:end], text[start - 1 : start], text[end : end + 1])
    return made or (" " if start < end < len(text) else "")


def _found(text: str, given: Sequence[GivenPhonemes]) -> Iterator[tuple[int, int, str | None]]:
    start = 0
    for one in given:
        yield from _stretch(text, start, one.span.start)
        yield one.span.start, one.span.end, one.phonemes
        start = one.span.end
    yield from _stretch(text, start, len(text))


def _stretch(text: str, start: int, end: int) -> Iterator[tuple[int, int, None]]:
    """The words of `text[start:end]`; overlong ones are cut, those of quotation marks alone left out."""
    while start < end:
        between = _BETWEEN.search(text, start, end)
        stop = between.start() if between else end
        if text[start:stop].strip(_QUOTES):
            stop = _with_point(text, start, stop, end)
            for cut in range(start, stop, _LONGEST):
                yield cut, min(stop, cut + _LONGEST), None
        skipped = _BETWEEN.match(text, stop, end)
        start = skipped.end() if skipped else max(stop, start + 1)


def _with_point(text: str, start: int, stop: int, end: int) -> int:
    """The end of the word together with the point that belongs to it rather than to the sentence."""
    if text[stop : stop + 1] != "." or stop >= end:
        return stop
    word, rest = text[start:stop], text[stop + 1 : min(end, stop + _NEAR)]
    following = rest.lstrip()[:1]
    if word in _TITLES:
        belongs = bool(following)
    elif word in _MARKS_NUMBERS:
        belongs = following.isdigit()
    elif word in _ALWAYS_ABBREVIATED:
        belongs = True
    elif word in _ABBREVIATIONS or _INITIALS.fullmatch(word):
        belongs = following.islower() or following.isdigit() or following in set(",;:)")
    else:
        belongs = False
    return stop + 1 if belongs and following else stop


def _unquoted(text: str, start: int, end: int) -> tuple[int, int]:
    word = text[start:end]
    left = len(word) - len(word.lstrip(_QUOTES))
    return start + left, start + max(left, len(word.rstrip(_QUOTES)))
