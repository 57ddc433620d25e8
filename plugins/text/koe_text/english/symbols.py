"""Written words and symbols: abbreviations, initialisms, `&` and its kind, and what no other rule read."""

import re

from koe_text.english.numbers import digits, integer
from koe_text.english.rules import Rule, rule, sentence_end
from koe_text.english.tables import one_of, table, words

_WRITTEN = table("written")
_SYMBOLS = table("symbols")
_BEFORE_NUMBERS = table("before_numbers")
_BEFORE_NAMES = table("before_names")
_BEHIND_NAMES = table("behind_names")
_NAMED = {name for kind in ("domains", "files") for name in words("electronic", kind) if len(name) > 2} | {
    "js",
    "io",
    "ai",
}
_CAN_END = words("abbreviations", "ends")


def _written(match: re.Match[str]) -> str:
    return _WRITTEN[match[0]] + (sentence_end(match) if match[0] in _CAN_END else "")


def _before_number(match: re.Match[str]) -> str:
    return f"{_BEFORE_NUMBERS[match[1]]} "


def _before_name(match: re.Match[str]) -> str:
    return _BEFORE_NAMES[match[1]]


def _behind_name(match: re.Match[str]) -> str:
    return _BEHIND_NAMES[match[0]]


def _initials(match: re.Match[str]) -> str:
    """U.S. as "US"; a single initial is part of a name and keeps its stop."""
    return match[0].replace(".", "") + sentence_end(match)


def _symbol(match: re.Match[str]) -> str:
    spoken = _SYMBOLS[match[0]]
    text = match.string
    if not spoken:
        return spoken
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    left = " " if before and not before.isspace() else ""
    right = " " if after and not after.isspace() and after.isalnum() else ""
    return left + spoken + right


def _slash(match: re.Match[str]) -> str:
    """AC/DC as "AC DC", but "one slash two"."""
    text, place = match.string, match.start()
    capitals = text[place - 1].isupper() and text[place + 1].isupper()
    return " slash " if match[0] == "/" and not capitals else " "


def _leftover(match: re.Match[str]) -> str:
    return digits(match[0]) if match.start() and match.string[match.start() - 1] == "." else integer(match[0])


WRITTEN: list[Rule] = [
    rule("cardinals", r"\.{2,6}(?=\.?\d)", lambda _match: "... "),
    rule("abbreviations", rf"(?<![\w.])({one_of(_BEFORE_NUMBERS)})\s?(?=\d)", _before_number),
    rule(
        "abbreviations",
        rf"(?<![\w.])({one_of(_BEFORE_NAMES)})\.?(?=\s[A-Z][a-z])",
        _before_name,
        digits=False,
    ),
    rule("abbreviations", rf"(?<![\w./&-]){one_of(_WRITTEN)}(?![\w&]|\.\w)", _written, digits=False),
    rule("abbreviations", r"(?<![\w.])(?:[A-Z]\.){2,}(?![\w.])", _initials, digits=False),
    rule(
        "symbols",
        rf"(?<=[a-z]{{2}})\.(?=[A-Z][a-z]*(?![\w.@/]))(?!(?i:{one_of(_NAMED)})\b)",
        lambda _match: ". ",
        digits=False,
    ),
    rule("abbreviations", rf"(?<=[a-z]\s)(?:{one_of(_BEHIND_NAMES)})(?![\w.])", _behind_name, digits=False),
]

LEFTOVERS: list[Rule] = [
    rule("symbols", one_of(_SYMBOLS), _symbol, digits=False),
    rule("symbols", r"(?<=[^\W\d_])/(?=[^\W\d_])", _slash, digits=False),
    rule("symbols", r"(?<=\w)_+(?=\w)|\\", _slash, digits=False),
    rule("symbols", r"(?<=\ue000)/(?=\s|$)", lambda _match: " slash", digits=False),
    rule("cardinals", r"[0-9]+", _leftover),
]
