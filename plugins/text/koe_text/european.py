"""The normalizer `european`: Spanish, French, Italian, Portuguese and German, by spokenform.

Rules from `data/european.toml` rewrite what spokenform misses, before it reads the numbers.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from attrs import frozen
from koe.api import Draft, Edit, Normalizer, Segment, Span, pieces, rewritten

from koe_text.config import EuropeanConfig
from koe_text.english.romans import value
from koe_text.spokenform_library import Spokenform

LANGUAGES = frozenset({"de", "es", "fr", "it", "pt"})

_PLACEHOLDER = re.compile(r"\{(\d)(?::(\w+))?\}")
_SPEAKABLE = re.compile(
    r"\d|[^\W\d_]\.(?=\s*[^\s\"'”’)])|[^\w\s.,;:!?'\"“”‘’«»()\[\]\-–—…/¿¡]|\b[A-Z]\w{0,3}\b"
)
_DIGITS = re.compile(r"\d+")


@frozen
class _Rule:
    category: str
    pattern: re.Pattern[str]
    becomes: str


class European(Normalizer):
    """Leaves as written what is switched off, and what spokenform fails at."""

    name = "european"
    languages: ClassVar[frozenset[str] | None] = LANGUAGES

    def __init__(self, config: EuropeanConfig, spokenform: Spokenform) -> None:
        self._off = config.switched_off()
        self._spokenform = spokenform

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        language = segment.language.partition("-")[0].lower()
        segment, kept = self._prepared(segment, language)
        draft = Draft.of(segment)
        edits = [edit for span in pieces(segment.text) for edit in self._spoken(segment.text, span, language)]
        draft = draft.edited(kept)
        draft = draft.edited(edits)
        yield draft.edited(self._symbols(draft.open_text, language)).segment

    def _prepared(self, segment: Segment, language: str) -> tuple[Segment, list[Edit]]:
        """The segment after the rules, and what is to stay as written in it."""
        kept: list[str] = []
        for rule in _rules(language):
            found = list(rule.pattern.finditer(segment.text))
            if rule.category in self._off:
                kept += [match[0] for match in found]
            elif found:
                segment = rewritten(segment, [self._edit(match, rule, language) for match in found])
        return segment, [
            Edit(match.start(), match.end(), None)
            for text in kept
            for match in re.finditer(re.escape(text), segment.text)
        ]

    def _edit(self, match: re.Match[str], rule: _Rule, language: str) -> Edit:
        filled = _PLACEHOLDER.sub(
            lambda place: self._filled(match[int(place[1])] or "", place[2], language), rule.becomes
        )
        return Edit(match.start(), match.end(), filled)

    def _filled(self, text: str, how: str | None, language: str) -> str:
        if how is None:
            return text
        if how == "digits":
            groups = _DIGITS.findall(text)
            return ", ".join(" ".join(self._number(digit, language) for digit in group) for group in groups)
        if how == "roman":
            return str(value(text))
        if how == "int":
            return str(int(text))
        if how == "spoken":
            return self._number(str(int(text)), language)
        looked_up = _tables()[language][how]
        number = str(value(text) if text.isalpha() else int(text))
        default: str = looked_up.get("else", "{}")
        found: str = looked_up.get(number) or default.format(number)
        return found

    def _number(self, text: str, language: str) -> str:
        edits = self._spokenform.edits(text, language)
        return (edits[0].text or text).lower() if edits else text

    def _spoken(self, text: str, span: Span, language: str) -> Iterable[Edit]:
        piece = text[span.start : span.end]
        if not _SPEAKABLE.search(piece):
            return
        for edit in self._spokenform.edits(piece, language):
            yield Edit(edit.start + span.start, edit.end + span.start, _in_case(edit, piece))

    def _symbols(self, text: str, language: str) -> Iterable[Edit]:
        if "symbols" in self._off:
            return
        symbols: Mapping[str, str] = _tables()[language]["symbols"]
        for place, character in enumerate(text):
            if character in symbols:
                before, after = text[place - 1 : place].strip(), text[place + 1 : place + 2].strip()
                yield Edit(place, place + 1, f"{' ' * bool(before)}{symbols[character]}{' ' * bool(after)}")


def _in_case(edit: Edit, piece: str) -> str | None:
    """Spokenform begins sentences with a capital; where the number did not, nothing is changed by that."""
    written = piece[edit.start : edit.end]
    if edit.text and written[:1].islower() and edit.text[:1].isupper():
        return edit.text[0].lower() + edit.text[1:]
    return edit.text


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads((files("koe_text") / "data" / "european.toml").read_text(encoding="utf-8"))


@cache
def _rules(language: str) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(rule["category"], re.compile(rule["pattern"]), rule["becomes"])
        for rule in _tables()[language]["rules"]
    )
