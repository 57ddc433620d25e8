"""Plain numbers: ranges, scores, comparisons, signs and grouping."""

import re

from koe_text.english.numbers import cardinal, digits, integer, number, ordinal, pairs
from koe_text.english.rules import DASH, NUMBER, QUANTITY, Rule, quantity, rule
from koe_text.english.tables import one_of, words

_COMPARED = {
    "<": "less than",
    ">": "greater than",
    "≤": "less than or equal to",
    "≦": "less than or equal to",
    "<=": "less than or equal to",
    "≥": "greater than or equal to",
    "≧": "greater than or equal to",
    ">=": "greater than or equal to",
    "~": "approximately",
    "≈": "approximately",
    "±": "plus or minus",
    "+/-": "plus or minus",
}
_LETTERS = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "B": "billion", "b": "billion"}
_COUNTED = one_of(words("cardinals", "counted"))
_SCALES = {
    "mn": "million",
    "mln": "million",
    "bn": "billion",
    "bln": "billion",
    "trn": "trillion",
    "tn": "trillion",
}


_PROPER = re.compile(r"(\d{1,2})/(2|3|4|8|16|32)")
"""What follows a whole number in 1-1/2, which is no range."""


def _range(match: re.Match[str]) -> str:
    first, last = match["first"], match["last"]
    if len(first) == len(last) == 3 and first.isdecimal() and last.isdecimal() and first > last:
        return f"{pairs(int(first))} {pairs(int(last))}"
    if first.isdecimal() and (part := _PROPER.fullmatch(last)) and int(part[1]) < int(part[2]):
        return quantity(f"{first} {last}")
    if _is_code(first, last):
        return f"{integer(first) if len(first) < 4 else digits(first)}, {digits(last)}"
    return f"{quantity(first)} to {quantity(last)}"


def _is_code(first: str, last: str) -> bool:
    """Whether 97201-1234 or 978-0 is a code.

    No range goes down from ten thousands or ends in a leading zero; with digits left out it goes up: 123-5.
    """
    if not (first.isdecimal() and last.isdecimal()):
        return False
    if len(last) > 1 and last[0] == "0":
        return True
    if len(last) < len(first) and len(first) > 2:
        return int(last) < int(first[-len(last) :])
    return len(first) > 4 and int(first) > int(last)


def _counted(match: re.Match[str]) -> str:
    """500k, 1.2M, 10k followers, 100M+ users."""
    spoken = f"{number(match['count'])} {_LETTERS[match['scale']]}"
    return f"{spoken} plus" if match["more"] else spoken


def _negative(match: re.Match[str]) -> str:
    return f"{number(match[1])} to {number(match[2])}"


def _thousands(match: re.Match[str]) -> str:
    return f"{number(match[1])} to {number(match[2])} thousand"


def _numbered(match: re.Match[str]) -> str:
    """A1-A5, with the letters said twice."""
    return f"{match[1]} {cardinal(int(match[2]))} to {match[3]} {cardinal(int(match[4]))}"


def _ordinals(match: re.Match[str]) -> str:
    return f"{ordinal(int(match[1]))} to "


def _ratio(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} to {cardinal(int(match[2]))}"


def _letters(match: re.Match[str]) -> str | None:
    return f"{match[1]} to {match[2]}" if match[1] == "A" and match[2] == "Z" else None


def _compared(match: re.Match[str]) -> str:
    return f"{_COMPARED[match[1]]} {number(match[2])}"


def _and_more(match: re.Match[str]) -> str:
    return f"{number(match[1])} plus"


def _scaled(match: re.Match[str]) -> str:
    return f"{number(match[1])} {_SCALES[match[2]]}"


def _signed(match: re.Match[str]) -> str:
    return number(match[0])


def _listed(match: re.Match[str]) -> str:
    """1,2,3 and 12,5: commas that do not group thousands stand between numbers."""
    return ", ".join(integer(part) for part in match[0].split(","))


def _spaced(match: re.Match[str]) -> str:
    return cardinal(int(re.sub(r"\s", "", match[0])))


RANGES: list[Rule] = [
    rule(
        "ranges",
        rf"(?<![\w.,$€£/-])(?P<first>{QUANTITY})(?:{DASH}|~)(?P<last>{QUANTITY})(?![\w/]|[-–](?![a-z]{{2}})\w|[.,]\d)",
        _range,
    ),
    rule(
        "ranges",
        rf"(?<![\w.,)\]])([-−](?:{NUMBER}))(?:[-–—]|\s[-–—]\s)([-−]?(?:{NUMBER}))(?![\w-]|[.,]\d)",
        _negative,
    ),
    rule("ranges", r"(?<![\w-])([A-Z]{1,3})(\d{1,4})[-–](\1)(\d{1,4})(?![\w-]|\.\d)", _numbered),
    rule("ranges", r"(?<![\w-])([A-Z])[-–]([A-Z])(?=[\s.,;)!?]|$)", _letters, digits=False),
]

ORDINAL_RANGES: list[Rule] = [
    rule("ranges", r"(?<![\w.,/-])(\d{1,4})[-–—](?=\d{1,4}(?:st|nd|rd|th)\b(?!-))", _ordinals),
    rule(
        "ranges",
        r"(?<=\d(?:st|nd|rd|th|ST|ND|RD|TH))\s?[-–—]\s?(?=\d{1,4}(?:st|nd|rd|th|ST|ND|RD|TH)\b)",
        lambda _match: " to ",
    ),
]

COUNTED: list[Rule] = [
    rule("ranges", rf"(?<![\w.,/$€£-])({NUMBER})[kK]?[-–—]({NUMBER})[kK](?![\w-])", _thousands),
    rule("cardinals", rf"(?<![\w.,])({NUMBER})\s?({one_of(_SCALES)})\b", _scaled),
    rule(
        "cardinals",
        rf"(?<![\w.,/$€£-])(?P<count>{NUMBER})\s?(?P<scale>[kKmMBb])(?P<more>\+)?(?=\s(?:{_COUNTED})\b)",
        _counted,
    ),
    rule(
        "cardinals",
        r"(?<![\w.,/$€£-])(?P<count>\d{3}(?=[kK])|\d{1,3}\.\d{1,2}(?=[kKMB])|\d{1,3}(?=[kKMB]\+))(?P<scale>[kKMB])"
        r"(?P<more>\+)?(?![\w+])",
        _counted,
    ),
]

RULES: list[Rule] = [
    rule("cardinals", r"(?<![\w.,])\d{1,2}(?:,\d{2})+,\d{3}(?!\w|[.,]\d)", _signed),
    rule("cardinals", r"(?<![\w.,])(?!\d{1,3}(?:,\d{3})+(?!,?\d))\d+(?:,\d+)+(?!\w|\.\d)", _listed),
    rule("ranges", r"(?<![\w.,:])(\d{1,6}):(\d{1,6})(?![\w:])", _ratio),
    rule("math", rf"(?<!\w)({one_of(_COMPARED)})\s?([-−]?(?:{NUMBER}))(?!\w)", _compared),
    rule("math", rf"(?<![\w.,/])({NUMBER})\+(?=\s|[.,;:!?)]|$)", _and_more),
    rule("cardinals", r"(?<![\w.,])\d{1,3}(?:[   ]\d{3})+(?!\w|[.,]\d)", _spaced),
    rule("cardinals", rf"(?<![\w.,)\]])[-−+±](?:{NUMBER})(?!\w|[.,]\d)", _signed),
    rule("cardinals", rf"(?<![\w.,])(?:{NUMBER})(?!\w|[.,]\d)", _signed),
]
