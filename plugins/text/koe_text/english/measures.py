"""Quantities with units."""

import re

from koe_text.english.numbers import cardinal
from koe_text.english.rules import (
    DASH,
    NUMBER,
    QUANTITY,
    Rule,
    is_adjective,
    is_one,
    quantity,
    rule,
    sentence_end,
)
from koe_text.english.tables import forms, one_of, table

_UNITS = forms("units")
_PER = {**{unit: spoken[0] for unit, spoken in _UNITS.items()}, **table("per")}
_UNIT = rf"(?P<unit>{one_of(_UNITS)})"
_POWER = r"(?P<power>²|³|\^?[23])?"
_RATE = rf"(?:\s?/\s?(?P<per>{one_of(_PER)})(?P<per_power>²|³|\^?[23])?)?"
_SIGN = r"(?P<sign>[-−+±~])?"
_END = r"(?![\w²³]|/\w|['’]\w)(?:\.(?=\s[a-z]))?"
_SHAPES = {"2": "square", "3": "cubic"}
_POWERS = {"2": "squared", "3": "cubed"}
_TIMES = {"s", "sec", "min", "h", "hr"}
_PLURAL = re.compile(r"\d{2}[1-9]s")
"""The 747s fly; it takes 740s."""
_RIGID = {"m", "s", "g", "l", "h", "L", "V", "W", "N", "J", "v", "w", "pt", "ct", "ac", "mo", "cal", "mi"}
"""Units that are also letters or words: `5 s`, but not `the 5-s`."""


def unit(match: re.Match[str], *, singular: bool) -> str:
    """The unit of a match as words."""
    written = match["unit"]
    spoken = _UNITS[written][0 if singular else 1]
    if power := match["power"]:
        spoken = f"{_SHAPES[_plain(power)]} {spoken}"
    if per := match["per"]:
        below = _PER[per]
        if power := match["per_power"]:
            below = (
                f"{below} {_POWERS[_plain(power)]}" if per in _TIMES else f"{_SHAPES[_plain(power)]} {below}"
            )
        spoken += f" per {below}"
    return spoken


def _plain(power: str) -> str:
    return {"²": "2", "³": "3"}.get(power, power[-1])


def _measure(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    if match["unit"] in _RIGID and named.get("hyphen") == "-":
        return None
    if match["unit"] == "s" and _PLURAL.fullmatch(match[0]):
        return None
    sign = {"-": "minus ", "−": "minus ", "±": "plus or minus ", "+": "plus ", "~": "about "}
    spoken = sign.get(match["sign"] or "", "") + quantity(match["first"])
    if last := named.get("last"):
        joint = "by" if (named.get("joint") or "").strip() in {"x", "×", "X"} else "to"
        spoken += f" {joint} {quantity(last)}"
    if third := named.get("third"):
        spoken += f" by {quantity(third)}"
    singular = (not named.get("last") and is_one(match["first"])) or named.get("hyphen") == "-"
    singular = singular or is_adjective(match)
    joint = "-" if named.get("hyphen") == "-" else " "
    return f"{spoken}{joint}{unit(match, singular=singular)}{sentence_end(match)}"


def _feet_and_inches(match: re.Match[str]) -> str | None:
    feet, inches = match["feet"], match["inches"]
    if inches is None and feet is None:
        return None
    if match[0].endswith('"') and match.string.count('"', 0, match.start()) % 2:
        return None
    spoken = []
    if feet:
        spoken.append(f"{quantity(feet)} {'foot' if feet == '1' else 'feet'}")
    if inches:
        spoken.append(f"{quantity(inches)} {'inch' if inches == '1' else 'inches'}")
    return " ".join(spoken)


def _inches(match: re.Match[str]) -> str:
    if match["by"]:
        return f"{quantity(match['by'])} by {quantity(match['first'])} inches{sentence_end(match)}"
    return f"{quantity(match['first'])} {'inch' if is_one(match['first']) else 'inches'}{sentence_end(match)}"


def _compass(match: re.Match[str]) -> str:
    names = {"N": "north", "S": "south", "E": "east", "W": "west"}
    return f"{quantity(match[1])} degrees {names[match[2]]}"


def _pressure(match: re.Match[str]) -> str:
    unit = " millimeters of mercury" if match[3] else ""
    return f"{cardinal(int(match[1]))} over {cardinal(int(match[2]))}{unit}"


RULES: list[Rule] = [
    rule("measures", r"(?<![\w/])(\d{2,3})/(\d{2,3})(\s?mm\s?Hg)\b", _pressure),
    rule("measures", rf"(?<![\w.,])({NUMBER})\s?°\s?([NSEW])\b", _compass),
    rule(
        "measures",
        rf"(?<![\w.,/])(?:(?P<feet>\d{{1,4}})\s?(?:'(?!\w*'\w)|’|′|ft\.?)\s?)"
        rf"(?P<inches>{QUANTITY})(?:\s?(?:\"|”|″|''|in\b\.?)|(?<=\d'\d)(?!\w)|(?<=\d'\d\d)(?!\w))",
        _feet_and_inches,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/]){_SIGN}(?P<first>{NUMBER})(?P<joint>\s?[x×X]\s?)(?P<last>{NUMBER})"
        rf"(?:\s?[x×X]\s?(?P<third>{NUMBER}))?\s?{_UNIT}{_POWER}{_RATE}{_END}",
        _measure,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/]){_SIGN}(?P<first>{QUANTITY})%?(?P<joint>{DASH}|\sto\s)(?P<last>{QUANTITY})"
        rf"\s?{_UNIT}{_POWER}{_RATE}{_END}",
        _measure,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/])(?<![A-Za-z]-){_SIGN}(?P<first>{QUANTITY})(?P<hyphen>-|\s)?{_UNIT}{_POWER}{_RATE}{_END}",
        _measure,
    ),
    rule(
        "measures", r"(?<![\w.,/])(?P<feet>\d{1,5})(?P<inches>\d{0})?[′'](?![\w'])(?=\s|$)", _feet_and_inches
    ),
    rule("measures", rf"(?<![\w.,/])(?P<feet>\d{{0}})(?P<inches>{QUANTITY})(?:\"|″)(?!\w)", _feet_and_inches),
    rule(
        "measures",
        rf"(?<![\w.,/])(?:(?P<by>{QUANTITY})\s?[x×]\s?)?(?P<first>{QUANTITY})(?:in\b\.?|\s?in\.(?=\s|$)|\s?in\b(?=\s*$|[,;)]|\s(?:by|x|×|long|wide|tall|high|deep|thick)))",
        _inches,
    ),
]
