"""Long sentences in pieces: no library is ever given more than a few hundred characters at once."""

import re
from collections.abc import Iterator

from koe.alignment import Span

MAX_CHARACTERS = 300
"""Of a piece, unless another limit is given: about two sentences."""

_CLAUSE_END = re.compile(r"[,;:)\]—–…!?](?=\s)|[，、；：。！？]")
_SPACE = re.compile(r"\s")


def pieces(text: str, limit: int = MAX_CHARACTERS) -> Iterator[Span]:
    """Spans that cover `text`, each of at most `limit` characters.

    Cut behind a clause, else behind a word, else (a "word" longer than `limit`) anywhere.
    """
    start = 0
    while len(text) - start > limit:
        end = _last(_CLAUSE_END, text, start + limit // 3, start + limit)
        end = end or _last(_SPACE, text, start + limit // 3, start + limit) or start + limit
        yield Span(start, end)
        start = end
    if start < len(text):
        yield Span(start, len(text))


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Where the last match of `pattern` in `text[start:end]` ends; 0 without any."""
    return max((match.end() for match in pattern.finditer(text, start, end)), default=0)
