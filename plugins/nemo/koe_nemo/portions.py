"""Sentences in portions that take NeMo in a few hundredths of a second: it costs more than linear time."""

import re
from collections.abc import Iterator

from koe.api import Span, pieces

MOST_RUNS = 16
"""Of digits or symbols, in one portion."""

MARGIN_WORDS = 4
"""What NeMo sees before and behind what it is to read: "1428 Elm Park St." is told by its last word."""

_NEEDED = re.compile(r"\d|\.\s*[^\s\"'”’)]|[^\w\s.,;:!?'\"“”‘’()\[\]\-–—…]")
"""What NeMo could have something to say to: digits, abbreviations and symbols."""
_RUN = re.compile(r"\d+|[^\w\s]")
_WORD = re.compile(r"\s*\S+\s*")
_CLAUSE_END = re.compile(r"[,;:)!?.]\s*$")


def portions(text: str, start: int, end: int) -> Iterator[Span]:
    """Spans of `text[start:end]` that together hold all that NeMo is to read, with a few words around it.

    Each has few digits and symbols: it is cut behind a clause if there is one, else between words. A single
    word with more of them is not cut.
    """
    for piece in pieces(text[start:end]):
        for stretch in _stretches(text, start + piece.start, start + piece.end):
            for span in _by_runs(text, stretch.start, stretch.end):
                if _NEEDED.search(text, span.start, span.end):
                    yield span


def _stretches(text: str, start: int, end: int) -> Iterator[Span]:
    """Where words hold something for NeMo, with `MARGIN_WORDS` on both sides; close ones are one."""
    words = list(_WORD.finditer(text, start, end))
    needed = [
        place
        for place, word in enumerate(words)
        if _NEEDED.search(word[0]) or (word[0].rstrip().endswith(".") and place + 1 < len(words))
    ]
    first = last = None
    for place in needed:
        if last is not None and place - last > 2 * MARGIN_WORDS:
            yield _around(words, first or 0, last)
            first = None
        first = place if first is None else first
        last = place
    if last is not None:
        yield _around(words, first or 0, last)


def _around(words: list[re.Match[str]], first: int, last: int) -> Span:
    return Span(
        words[max(0, first - MARGIN_WORDS)].start(), words[min(len(words) - 1, last + MARGIN_WORDS)].end()
    )


def _by_runs(text: str, start: int, end: int) -> Iterator[Span]:
    runs, clause = 0, 0
    for word in _WORD.finditer(text, start, end):
        more = len(_RUN.findall(word[0]))
        if runs and runs + more > MOST_RUNS:
            cut = clause or word.start()
            yield Span(start, cut)
            runs = len(_RUN.findall(text, cut, word.start()))
            start, clause = cut, 0
            if runs and runs + more > MOST_RUNS:
                yield Span(start, word.start())
                start, runs = word.start(), 0
        runs += more
        if _CLAUSE_END.search(word[0]):
            clause = word.end()
    if start < end:
        yield Span(start, end)
