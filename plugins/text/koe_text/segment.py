"""The normalizer `segment`: sentences by pysbd, a paragraph at a time."""

import re
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from threading import Lock
from typing import Any

from koe.api import Fence, Normalizer, Segment, Sentences, Span

from koe_text.starters import begins_sentence

LANGUAGES = frozenset("am ar bg da de el en es fa fr hi hy it ja kk mr my nl pl ru sk ur zh".split())
"""What pysbd has rules for."""
MOST_CHARACTERS = 1_000
"""pysbd's cost grows faster than the text; longer paragraphs are cut by koe's own rules."""

_PARAGRAPH = re.compile(r"\n[^\S\n]*+\n\s*+")
_WRAP = re.compile(r"\n(?![^\S\n]*+(?:[-*•]|\d{1,4}[.)])\s)")
_WORD_AND_STOP = re.compile(r"(?<![\w.])([^\W\d_]{1,6})\.\s*$")
_INITIALS = re.compile(r"(?<!\w)[A-Za-z]\.[A-Za-z]\.\s*$")
_HOUSE = re.compile(r"(?<![\w.])\d{1,5}\s[NSEW]\.\s*$")
"""A house number and a direction: 12 N. Oak St."""
_STREET = re.compile(r"\s*(?:Ave|Avenue|Blvd|Boulevard|Hwy|Pkwy|Rd|Road|Street)\b")
"""What stands behind a name such as "King Jr." and begins no sentence."""
_ABBREVIATIONS = {
    "en": frozenset("apt ste rm bldg hwy rte fl mt ft messrs".split()),
    "others": frozenset(
        """
        sr sra srta dr dra prof profa ing lic arq d dña hr fr herr frau nr n núm num pág págs pag cap art fig
        vol tel av avda sig sigra dott avv mons mme mlle bd bzw ca evtl ggf inkl vgl eng exma exmo z b m
        """.split()
    ),
}
_BEFORE_NUMBERS = frozenset(
    """
    c ca pop approx min max ext sec mon tue tues wed thu thur thurs fri sat jan feb mar apr jun jul aug sep
    sept oct nov dec no nos vol ch fig eq pp
    """.split()
)
"""English abbreviations where a number behind the full stop begins no sentence."""
_loading = Lock()


class Sentencing(Normalizer):
    """Cuts a segment into sentences; phonemes that the user gave are never cut in two."""

    name = "segment"

    def __init__(self, pysbd: Fence) -> None:
        self._rules = Sentences()
        self._pysbd = pysbd

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        language = segment.language.partition("-")[0].lower()
        for paragraph in _paragraphs(segment.text):
            part = segment.slice(paragraph.start, paragraph.end)
            ends = self._ends(part.text, language)
            yield from self._rules.normalize(part) if ends is None else _cut(part, ends)

    def _ends(self, text: str, language: str) -> list[int] | None:
        if language not in LANGUAGES or len(text) > MOST_CHARACTERS:
            return None
        return self._pysbd.run(lambda piece: _pysbd_ends(piece, language), text)


def _paragraphs(text: str) -> Iterator[Span]:
    start = 0
    for match in _PARAGRAPH.finditer(text):
        yield Span(start, match.start())
        start = match.end()
    yield Span(start, len(text))


def _cut(part: Segment, ends: Iterable[int]) -> Iterator[Segment]:
    start = 0
    for end in (*ends, len(part.text)):
        if end < len(part.text) and part.protects(end - 1, end + 1):
            continue
        piece = part.text[start:end]
        left, right = start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
        if left < right:
            yield part.slice(left, right)
        start = end


def _pysbd_ends(text: str, language: str) -> list[int]:
    """Where pysbd ends sentences. It does not see line feeds within a paragraph: text may be wrapped."""
    unwrapped = _WRAP.sub(" ", text)
    segmenter = _pysbd().Segmenter(language=language, clean=False, char_span=True)
    found = (one.end for one in segmenter.segment(unwrapped))
    return [end for end in found if 0 < end < len(text) and _is_end(text, end, language)]


def _is_end(text: str, end: int, language: str) -> bool:
    """Whether a sentence can end there: not in a word, nor behind an abbreviation unknown to pysbd."""
    if text[end - 1].isascii() and not (text[end - 1].isspace() or text[end].isspace()):
        return False
    if language == "en" and _INITIALS.search(text, max(0, end - 20), end):
        return begins_sentence(text[end : end + 40])
    if language == "en" and (_HOUSE.search(text, max(0, end - 20), end) or _STREET.match(text, end)):
        return False
    if (word := _WORD_AND_STOP.search(text, max(0, end - 20), end)) is None:
        return True
    following = text[end:].lstrip()[:1]
    if (
        language == "en"
        and following.isdecimal()
        and (word[1] if len(word[1]) == 1 else word[1].lower()) in _BEFORE_NUMBERS
    ):
        return False
    known = _ABBREVIATIONS["en" if language == "en" else "others"]
    return not following.islower() and word[1].lower() not in known


def warm_pysbd() -> None:
    """Import pysbd, and compile its patterns."""
    _pysbd_ends("One is here. Two is there.", "en")


def _pysbd() -> Any:
    with _loading:
        return _imported()


@cache
def _imported() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        import pysbd
    return pysbd
