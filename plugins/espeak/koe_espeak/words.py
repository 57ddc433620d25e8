"""The words of a text and the punctuation between them; what was spoken, word by word."""

import re
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from attrs import define, field
from koe.api import Span

T = TypeVar("T")

_KEPT = frozenset(';:,.!?—…"()“”')
_READ_AS = {
    **dict(zip("、，。．！？；：（）「」『』«»„‟–-", ",,..!?;:()“”“”“”“”——", strict=True)),
    **dict(zip("।॥؟،؛‥", "..?,;…", strict=True)),
}
_ALWAYS = re.escape(';!?—…"()“”[]{}¿¡、，。．！？；：（）「」『』«»„‟–।॥؟،؛‥')
_BETWEEN = re.compile(rf"(?:[\s\x00-\x1f\ud800-\udfff{_ALWAYS}]|[,.:](?!\w)|(?<!\w)-+(?!\w))+")


@define
class Word(Generic[T]):
    """A stretch of the text and what was spoken for it, in order."""

    span: Span
    spoken: list[T] = field(factory=list)


def split_words(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Where the words of `text[start:end]` lie: what stands between white space and punctuation."""
    end = len(text) if end is None else end
    spans = []
    for match in _BETWEEN.finditer(text, start, end):
        if start < match.start():
            spans.append(Span(start, match.start()))
        start = match.end()
    return [*spans, Span(start, end)] if start < end else spans


def place(text: str, spans: Sequence[Span], spoken: Iterable[tuple[int, T]]) -> list[Word[T]]:
    """Give each span what was spoken at its position in `text`, losing nothing.

    espeak-ng may speak several source words as one ("of the") and one as several ("1984"). A word without
    a sound of its own joins the one before it; punctuation without a sound is left out.
    """
    words: list[Word[T]] = [Word(span) for span in spans]
    places = list(spoken)
    if places and not words:
        words = [Word(Span(0, len(text)))]
    starts = {position for position, _ in places}
    index = 0
    for position, item in places:
        index = _find(words, starts, position, index)
        words[index].spoken.append(item)
    return _join(text, words)


def _find(words: Sequence[Word[T]], starts: set[int], position: int, index: int) -> int:
    """The word at `position`; one between two words belongs to the next, unless that has its own start."""
    while index + 1 < len(words) and words[index + 1].span.start <= position:
        index += 1
    if words[index].span.end <= position and index + 1 < len(words):
        return index if words[index + 1].span.start in starts else index + 1
    return index


def _join(text: str, words: Iterable[Word[T]]) -> list[Word[T]]:
    joined: list[Word[T]] = []
    for word in words:
        if word.spoken:
            joined.append(word)
        elif any(character.isalnum() for character in text[word.span.start : word.span.end]):
            last = joined[-1] if joined else None
            if last is not None and last.spoken and text[last.span.end : word.span.start].isspace():
                last.span = Span(last.span.start, word.span.end)
            else:
                joined.append(word)
    return joined


def tail(between: str) -> str:
    """The punctuation and spaces between two words as an engine is to see them."""
    read = (_READ_AS.get(character, character) for character in between)
    kept = "".join(
        character if character in _KEPT else " " if character.isspace() else "" for character in read
    )
    return re.sub(r"—[— ]*—", "—", re.sub(r" +", " ", kept))
