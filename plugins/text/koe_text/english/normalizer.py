"""The normalizer `english`."""

import re
from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from koe.api import Draft, Edit, Fence, Normalizer, Segment, pieces

from koe_text.config import EnglishConfig
from koe_text.english import (
    addresses,
    cardinals,
    codes,
    dates,
    electronic,
    formulas,
    fractions,
    measures,
    money,
    phones,
    references,
    romans,
    sequences,
    symbols,
    times,
)
from koe_text.english.rules import Rule, apply
from koe_text.spokenform_library import Spokenform
from koe_text.wetext_library import Wetext

T = TypeVar("T")

_FOR_SPOKENFORM = re.compile(r"\d|[^\W\d_]\.(?=\s*[^\s\"'”’)])|[^\w\s.,;:!?'\"“”‘’()\[\]\-–—…/\ue000]")
"""What spokenform could have something to say to: digits, abbreviations and symbols."""
_DIGIT = re.compile(r"\d")
_SAID = re.compile(r"[^\s|^~_*\\`{}]")
"""What is not said on its own: bars, carets, tildes, stars and braces are layout."""
_LEFT = re.compile(r"(?:\S*(?:\d|[^\w\s.,;:!?'\"“”‘’()\[\]\-–—…/\ue000])\S*)(?:\s+\S*\d\S*)*")
"""Words that still hold digits or symbols."""
_MOST_PIECES = 24
_MOST_WORDS = 800
"""What a segment may ask of spokenform and of wetext, at up to 15 and 0.5 ms each."""


class English(Normalizer):
    """Rules first, then spokenform, then wetext for what is left; digits that are left then are read last."""

    name = "english"
    languages: ClassVar[frozenset[str] | None] = frozenset({"en"})

    def __init__(self, config: EnglishConfig, spokenform: Spokenform, wetext: Wetext) -> None:
        self._config = config
        self._off = config.switched_off()
        self._spokenform = spokenform
        self._wetext = wetext
        kept = [rule for rule in symbols.LEFTOVERS if rule.category in self._off]
        self._rules = {day_first: [*_all_rules(day_first=day_first), *kept] for day_first in (False, True)}

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        rules = self._rules[segment.language.lower().startswith(("en-gb", "en-au", "en-nz", "en-ie"))]
        draft = Draft.of(segment)
        draft = draft.edited(_in_pieces(draft.open_text, lambda text: apply(rules, text, self._off)))
        if self._config.spokenform:
            draft = draft.edited(self._first_pass(draft))
        if self._config.wetext:
            draft = draft.edited(self._second_pass(draft.open_text))
        leftovers = symbols.LEFTOVERS
        yield draft.edited(
            _in_pieces(draft.open_text, lambda text: apply(leftovers, text, self._off))
        ).segment

    def _first_pass(self, draft: Draft) -> Iterable[Edit]:
        still_open = draft.open_text
        asked = (
            span for span in pieces(draft.text) if _FOR_SPOKENFORM.search(still_open, span.start, span.end)
        )
        for span in _at_most(_MOST_PIECES, asked, self._spokenform.fence):
            piece = draft.text[span.start : span.end]
            edits = self._spokenform.edits(piece, "en")
            yield from _shifted(
                (
                    edit
                    for edit in edits
                    if not _DIGIT.search(edit.text or "") and _SAID.search(piece, edit.start, edit.end)
                ),
                span.start,
            )

    def _second_pass(self, text: str) -> Iterable[Edit]:
        asked = (
            match
            for span in pieces(text)
            for match in _LEFT.finditer(text, span.start, span.end)
            if _SAID.search(match[0])
        )
        for match in _at_most(_MOST_WORDS, asked, self._wetext.fence):
            yield from _shifted(self._wetext.edits(match[0], "en"), match.start())


def _all_rules(*, day_first: bool) -> list[Rule]:
    return [
        *codes.RULES,
        *electronic.RULES,
        *phones.RULES,
        *dates.TIMESTAMPS,
        *references.RULES,
        *dates.numeric(day_first=day_first),
        *times.RULES,
        *money.RULES,
        *addresses.RULES,
        *dates.RULES,
        *symbols.WRITTEN,
        *cardinals.ORDINAL_RANGES,
        *sequences.ORDINALS,
        *sequences.FORMULAS,
        *cardinals.COUNTED,
        *measures.RULES,
        *measures.JOINTS,
        *romans.RULES,
        *formulas.RULES,
        *sequences.GROUPS,
        *cardinals.RANGES,
        *fractions.RULES,
        *sequences.RULES,
        *dates.YEARS,
        *cardinals.RULES,
    ]


def _at_most(most: int, asked: Iterable[T], fence: Fence) -> Iterable[T]:
    """The first `most` of `asked`; that there were more is counted and noted."""
    for count, one in enumerate(asked):
        if count == most:
            fence.leave("too_costly", "the rest", f"more than {most} calls for one segment")
            return
        yield one


def _in_pieces(text: str, edits: Callable[[str], Iterable[Edit]]) -> Iterable[Edit]:
    for span in pieces(text):
        yield from _shifted(edits(text[span.start : span.end]), span.start)


def _shifted(edits: Iterable[Edit], offset: int) -> Iterable[Edit]:
    return (Edit(edit.start + offset, edit.end + offset, edit.text) for edit in edits)
