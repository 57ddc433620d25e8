"""The rule stage: a rule is a pattern and how a match of it is spoken. The first that matches wins."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from attrs import frozen
from koe.api import Edit, Span, masked

from koe_text.english.capitals import views
from koe_text.english.numbers import cardinal, fraction, number
from koe_text.english.tables import one_of, words
from koe_text.starters import begins_sentence

Speak: TypeAlias = Callable[[re.Match[str]], str | None]

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
"""An unsigned number as it is written in English."""
DASH = r"\s?[-–—−]\s?"
VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_VULGAR = "[" + "".join(VULGAR) + "]"
QUANTITY = rf"(?:\d+\s?{_VULGAR}|{_VULGAR}|\d{{1,4}}[ -]\d{{1,3}}/\d{{1,3}}|\d{{1,4}}/\d{{1,4}}|{NUMBER})"
"""A number, a fraction or both."""
_ARTICLE = re.compile(
    r"(?<![\w'’-])(?:[Aa]n?|[Tt]he|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Tt]en)\s$"
)
_NOUN = re.compile(rf"\s(?!{one_of(words('grammar', 'no_noun'))}\b)[a-z]")
_SIZED = re.compile(rf"\s{one_of(words('grammar', 'sized'))}(?:e?s|ies)?\b|\sbatteries\b")
_MIXED = re.compile(rf"(?:(\d+)[ -]?)??(?:(\d+)\s?/\s?(\d+)|({_VULGAR}))")


@frozen
class Rule:
    """One pattern of a category. `speak` gives the words, or None where the match is something else.

    `digits` says that no text without a digit can match.
    """

    category: str
    pattern: re.Pattern[str]
    speak: Speak
    digits: bool = True


def rule(category: str, pattern: str, speak: Speak, *, digits: bool = True, flags: int = 0) -> Rule:
    return Rule(category, re.compile(pattern, flags), speak, digits)


def apply(rules: Sequence[Rule], text: str, off: frozenset[str] = frozenset()) -> list[Edit]:
    """What the rules say about `text`; of a category that is `off`, that the match stays as written."""
    edits: list[Edit] = []
    has_digits = any(character.isdigit() or character in VULGAR for character in text)
    seen = views(text)
    for one in rules:
        if one.digits and not has_digits:
            continue
        for view in range(len(seen)):
            found = list(_matches(one, seen[view], off))
            if found:
                edits += found
                spans = [Span(edit.start, edit.end) for edit in found]
                seen = [masked(other, spans) for other in seen]
    return edits


def _matches(one: Rule, text: str, off: frozenset[str]) -> Iterable[Edit]:
    for match in one.pattern.finditer(text):
        spoken = one.speak(match)
        if spoken is not None:
            yield Edit(match.start(), match.end(), None if one.category in off else spoken)


def quantity(text: str) -> str:
    """What `QUANTITY` matches, with or without a sign."""
    text = text.strip()
    if text[:1] in {"-", "−", "+", "±"}:
        sign = {"+": "plus", "±": "plus or minus"}.get(text[0], "minus")
        return f"{sign} {quantity(text[1:])}"
    match = _MIXED.fullmatch(text)
    if match is None:
        return number(text)
    whole, above, below, vulgar = match.groups()
    part = VULGAR[vulgar] if vulgar else (int(above), int(below))
    if whole is None:
        return fraction(*part)
    spoken = "a half" if part == (1, 2) else fraction(*part)
    return f"{cardinal(int(whole))} and {spoken}"


def is_one(text: str) -> bool:
    """Whether a quantity takes the singular."""
    return text.strip() in {"1", "½", "¼", "1/2", "1/4", "-1", "1.0"}


def is_adjective(match: re.Match[str]) -> bool:
    """Whether a quantity describes a noun: "a 10 mm bolt", "a $5 bill", "12V batteries"."""
    if _SIZED.match(match.string, match.end()):
        return True
    before = match.string[max(0, match.start() - 7) : match.start()]
    return _ARTICLE.search(before) is not None and _NOUN.match(match.string, match.end()) is not None


def sentence_end(match: re.Match[str]) -> str:
    """A full stop, where the one in the match also ended the sentence."""
    if not match[0].endswith("."):
        return ""
    return "." if begins_sentence(match.string[match.end() :]) else ""
