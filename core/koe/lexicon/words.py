"""Texts as words and signs, folded so that the same word is the same however it is written."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from koe.alignment import Span

# Marks that belong to the letter before them, and that `\w` leaves out; blocks of scripts that have many.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0971-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
# Scripts without spaces between words: Thai to Lao, Myanmar, Khmer, Chinese and Japanese.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])++|\S")
_WORD_CHARACTER = re.compile(rf"[^\W{_UNSPACED}]|[{_MARKS}]")
_RUN = re.compile(r"\S++")

_ALWAYS_JOINS = frozenset(".@&_")
_JOINS_DIGITS = frozenset("-‐‑–/,:")
_APOSTROPHES = frozenset("'’")
_ENDS_OF_NAMES = frozenset("+#")
_ELIDING = frozenset({"fr", "it", "ca"})
_POSSESSIVE = 2


class Token(NamedTuple):
    """A word, a sign, or a letter of a script without spaces. `gap` is the white space before it, folded."""

    start: int
    end: int
    key: str
    gap: str


def tokens(text: str) -> list[Token]:
    """The words and signs of a text, in order; linear in its length."""
    found, position = [], 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        gap = ""
        if start > position:
            gap = "\n\n" if text.count("\n", position, start) > 1 else " "
        found.append(Token(start, end, _folded(match[0]), gap))
        position = end
    return found


def written(text: str) -> str:
    """The text for comparison where case matters: white space, apostrophes and accents in one form."""
    return unicodedata.normalize("NFC", " ".join(text.split())).replace("’", "'")


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    return "'" if word in _APOSTROPHES else unicodedata.normalize("NFC", word.casefold())


def whole_end(text: str, start: int, end: int, language: str) -> int | None:
    """Where the whole words `text[start:end]` end, with an English 's behind them; None for parts of a word.

    "Node" is a part of "Node.js", "4" of "GPT-4", "don" of "don't"; but "based" is a word in "web-based", and
    "Oréal" in the French "l'Oréal".
    """
    primary = language.partition("-")[0].lower()
    if _joins(text, start, -1, primary):
        return None
    if primary == "en" and text[end : end + 1] in _APOSTROPHES and text[end + 1 : end + 2] in {"s", "S"}:
        behind = end + _POSSESSIVE
        if not _is_word(text, behind):
            return behind
    return None if _joins(text, end - 1, 1, primary) else end


def _joins(text: str, edge: int, step: int, language: str) -> bool:
    """Whether the word whose last character on one side is at `edge` goes on at that side."""
    beside, beyond = edge + step, edge + 2 * step
    if not 0 <= beside < len(text):
        return False
    sign = text[beside]
    if _is_word(text, beside):
        return not _is_unspaced(text[edge])
    if step > 0 and sign in _ENDS_OF_NAMES:
        return True
    return _is_word(text, beyond) and _links(sign, text[edge] + text[beyond], step, language)


def _links(sign: str, sides: str, step: int, language: str) -> bool:
    """Whether a sign makes one word of the characters on its two sides."""
    if sign in _APOSTROPHES:
        return not (step < 0 and language in _ELIDING)
    if sign in _JOINS_DIGITS:
        return any(side.isdigit() for side in sides)
    return sign in _ALWAYS_JOINS


def _is_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and _WORD_CHARACTER.match(text[place]) is not None


def _is_unspaced(character: str) -> bool:
    return character.isalnum() and _WORD_CHARACTER.match(character) is None


class Addresses:
    """The URLs and e-mail addresses of a text, in which no single word is looked up."""

    def __init__(self, text: str) -> None:
        runs: Iterable[re.Match[str]] = _RUN.finditer(text) if "@" in text or "://" in text else ()
        spans = [match.span() for match in runs if "@" in match[0] or "://" in match[0]]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def touch(self, span: Span) -> bool:
        """Whether `span` overlaps one of them."""
        index = bisect_right(self._ends, span.start)
        return index < len(self._ends) and self._starts[index] < span.end


def is_address(word: str) -> bool:
    """Whether an entry's own word is one."""
    return "@" in word or "://" in word
