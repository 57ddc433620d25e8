"""Which clips say a text."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal

from attrs import frozen
from koe.api import Span

_LETTER: Final = r"[^\W_][\u0300-\u036f]*+"
_TOKEN: Final = re.compile(rf"(?:{_LETTER})+(?:['’](?:{_LETTER})+)*|[^\w\s]|_")
_PAUSING: Final = frozenset(".,;:!?…—–")
_SPOKEN: Final = frozenset("%&@#*/\\_")
"""Punctuation, by Unicode, that people say a word for."""


@frozen
class Step:
    """What comes next: `clip` a phrase that has one, `missing` a word that has none, `pause` punctuation."""

    kind: Literal["clip", "missing", "pause"]
    span: Span
    words: tuple[str, ...] = ()


def key(text: str) -> tuple[str, ...]:
    """The words and signs of a text, as clips are looked up: without case and punctuation."""
    return tuple(_folded(match[0]) for match in _TOKEN.finditer(text) if _is_spoken(match[0]))


def steps(text: str, known: Collection[tuple[str, ...]], longest: int) -> Iterator[Step]:
    """The way through the text, always with the longest phrase that has a clip; nothing is left out.

    `longest` is the most words of one clip. Phrases do not reach across punctuation that pauses.
    """
    for clause in _clauses(text):
        yield from _clause_steps(clause, known, longest)


def _clause_steps(
    clause: Sequence[re.Match[str]], known: Collection[tuple[str, ...]], longest: int
) -> Iterator[Step]:
    position = 0
    while position < len(clause):
        if not _is_spoken(clause[position][0]):
            yield Step("pause", Span(*clause[position].span()))
            position += 1
            continue
        count, words = _phrase(clause[position : position + longest], known)
        span = Span(clause[position].start(), clause[position + count - 1].end())
        yield Step("clip" if words in known else "missing", span, words)
        position += count


def _phrase(
    tokens: Sequence[re.Match[str]], known: Collection[tuple[str, ...]]
) -> tuple[int, tuple[str, ...]]:
    """How many of the tokens the longest known phrase takes; one, where none is known."""
    words = tuple(_folded(token[0]) for token in tokens)
    for count in range(len(words), 1, -1):
        if words[:count] in known:
            return count, words[:count]
    return 1, words[:1]


def _clauses(text: str) -> Iterator[Sequence[re.Match[str]]]:
    """The tokens from one pausing mark to the next; the mark is the last. Other punctuation is silent."""
    clause: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if _is_spoken(token[0]) or token[0] in _PAUSING:
            clause.append(token)
        if token[0] in _PAUSING:
            yield clause
            clause = []
    yield clause


def _is_spoken(token: str) -> bool:
    return (
        token[0].isalnum()
        or token in _SPOKEN
        or not unicodedata.category(token[0]).startswith(("P", "M", "C"))
    )


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word.casefold().replace("’", "'"))
