"""Quantities with units."""

import re

from koe_text.english.numbers import cardinal, number
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
from koe_text.english.tables import forms, in_any_case, one_of, table, words

_UNITS = in_any_case(forms("units"), words("case", "units"))
_PER = {**{unit: spoken[0] for unit, spoken in _UNITS.items()}, **table("per")}
_UNIT = rf"(?P<unit>{one_of(_UNITS)})"
_UNIT_OF_RATE = rf"(?P<unit>m(?=/s)|{one_of(name for name in _UNITS if len(name) > 1 and name.isalpha())})"
_POWER = r"(?P<power>²|³|\^?[23])?"
_RATE = rf"(?:\s?/\s?(?P<per>{one_of(_PER)})(?P<per_power>²|³|\^?[23])?)?"
_SIGN = r"(?P<sign>[-−+±~])?"
_END = r"(?![\w²³]|/\w|['’]\w)(?:\.(?=\s[a-z]))?"
_SHAPE = re.compile(rf"\s{one_of(words('grammar', 'turned'))}\b")
_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_SHAPES = {"2": "square", "3": "cubic"}
_POWERS = {"2": "squared", "3": "cubed"}
_BELOW = one_of([*(name for name in _PER if len(name) > 1), "s", "h"])
_HYPHENATED = re.compile(r"\d+(?:\.\d+)?-[mgLlVW]$")
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


def _is_shape(match: re.Match[str]) -> bool:
    """A 90° angle needs no article to be a ninety degree angle."""
    return _SHAPE.match(match.string, match.end()) is not None


def _measure(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    if match["unit"] in _RIGID and named.get("hyphen") == "-" and not _HYPHENATED.match(match[0]):
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
    singular = singular or is_adjective(match) or (match["unit"] == "°" and _is_shape(match))
    joint = "-" if named.get("hyphen") == "-" else " "
    return f"{spoken}{joint}{unit(match, singular=singular)}{sentence_end(match)}"


def _coordinate(match: re.Match[str]) -> str:
    return f"{_angle(match)} {_COMPASS[match[4]]}"


def _angle(match: re.Match[str]) -> str:
    spoken = [f"{number(match[1])} degrees", f"{number(match[2])} minutes"]
    spoken += [f"{number(match[3])} seconds"] if match[3] else []
    return " ".join(spoken)


def _duration(match: re.Match[str]) -> str:
    """2h 5m, 1h30, 3m20s."""
    parts = zip(match.groups(), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{number(part)} {name}{'' if int(part) == 1 else 's'}" for part, name in parts if part)


def _both(match: re.Match[str]) -> str:
    """10km-20km: the unit is said once."""
    spoken = _UNITS[match["unit"]][1]
    sign = "minus " if match["sign"] else ""
    return f"{sign}{quantity(match['first'])} to {quantity(match['last'])} {spoken}"


def _part(match: re.Match[str]) -> str | None:
    """3/4 lb: three quarters of a pound; between article and noun, a three quarter pound burger."""
    spoken, name = quantity(match["first"]), _UNITS[match["unit"]][0]
    if not name.isalpha():
        return None
    if is_adjective(match):
        return f"{spoken.removesuffix('s')} {name}{sentence_end(match)}"
    return f"{spoken} of {'an' if name[0] in 'aeiou' else 'a'} {name}{sentence_end(match)}"


def _half(match: re.Match[str]) -> str:
    """A 1/2 mile, a 1/4 pound burger."""
    return "half" if match[1] in {"1/2", "½"} else "quarter"


def _per(_match: re.Match[str]) -> str:
    return " per "


def _rate_alone(match: re.Match[str]) -> str:
    return f"{_UNITS[match['unit']][1]} per {_PER[match['per']]}"


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
        spoken.append(f"{quantity(inches)} {'inch' if inches == '1' or is_adjective(match) else 'inches'}")
    return " ".join(spoken)


def _feet_alone(match: re.Match[str]) -> str | None:
    """6' unless the mark closes a quotation that was opened before: '12'."""
    quotes = match.string.count("'", 0, match.start()) + match.string.count("‘", 0, match.start())
    return None if quotes % 2 else _feet_and_inches(match)


def _inches(match: re.Match[str]) -> str:
    if match["by"]:
        return f"{quantity(match['by'])} by {quantity(match['first'])} inches{sentence_end(match)}"
    return f"{quantity(match['first'])} {'inch' if is_one(match['first']) else 'inches'}{sentence_end(match)}"


def _compass(match: re.Match[str]) -> str:
    return f"{quantity(match[1])} degrees {_COMPASS[match[2]]}"


def _pressure(match: re.Match[str]) -> str:
    unit = " millimeters of mercury" if match[3] else ""
    return f"{cardinal(int(match[1]))} over {cardinal(int(match[2]))}{unit}"


RULES: list[Rule] = [
    rule(
        "measures",
        r"(?<![\w.,])(\d{1,3})\s?°\s?(\d{1,2}(?:\.\d+)?)\s?['’′]\s?(?:(\d{1,2}(?:\.\d+)?)\s?(?:\"|”|″|''|′′)\s?)?([NSEW])\b",
        _coordinate,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/]){_SIGN}(?P<first>{QUANTITY})\s?{_UNIT}{DASH}(?P<last>{QUANTITY})\s?(?P=unit){_END}",
        _both,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/])(?P<first>(?!1/[24])\d{{1,2}}/\d{{1,2}}|[¾⅔⅓⅜⅝⅞])\s{_UNIT}{_END}",
        _part,
    ),
    rule(
        "measures",
        r"(?<![\w.,/])(?<!\d[\s-])(?P<first>\d{1,2}/\d{1,2}|[½¼¾⅔⅓⅜⅝⅞])(?:\"|″)(?!\w)",
        lambda match: f"{quantity(match['first'])}{'' if is_one(match['first']) else ' of an'} inch",
    ),
    rule("fractions", r"(?<=\b[Aa]\s)(1/2|½|1/4|¼)(?=\s[a-z]{3,})", _half),
    rule(
        "measures",
        r"(?<![\w.,/'’])(\d{1,4})['’′]\s?[-–—]\s?(\d{1,4})['’′](?!\w)",
        lambda match: f"{quantity(match[1])} to {quantity(match[2])} feet",
    ),
    rule(
        "measures",
        rf"(?<![\w.,/])({QUANTITY})['’′]\s?[x×]\s?({QUANTITY})['’′](?!\w)",
        lambda match: f"{quantity(match[1])} by {quantity(match[2])} feet",
    ),
    rule(
        "measures",
        rf"(?<![\w.,/])(?P<by>{QUANTITY})\"\s?[x×]\s?(?P<first>{QUANTITY})\"(?!\w)",
        _inches,
    ),
    rule("measures", r"(?<![\w/])(\d{2,3})/(\d{2,3})(\s?mm\s?Hg)\b", _pressure),
    rule(
        "measures",
        r"(?<![\w.,])(\d{1,3})\s?°\s?(\d{1,2}(?:\.\d+)?)\s?['’′](?:\s?(\d{1,2}(?:\.\d+)?)\s?(?:\"|”|″|''|′′))?(?!\w)",
        _angle,
    ),
    rule(
        "measures",
        r"(?<![\w.,])(\d{1,3})h\s?([0-5]?\d)(?:m(?:in)?)?(?:\s?([0-5]?\d)s)?(?!\w|[.,]\d)",
        _duration,
    ),
    rule("measures", r"(?<![\w.,])()(\d{1,3})m\s?([0-5]?\d)s(?!\w)", _duration),
    rule("measures", rf"(?<![\w.,])({NUMBER})\s?°\s?([NSEW])\b", _compass),
    rule(
        "measures",
        rf"(?<![\w.,/])(?:(?P<feet>\d{{1,4}})\s?(?:'(?!\w*'\w)|’|′|(?i:ft)\.?)\s?)"
        rf"(?P<inches>{QUANTITY})(?:\s?(?:\"|”|″|''|(?i:in)\b\.?)|(?<=\d'\d)(?!\w)|(?<=\d'\d\d)(?!\w))",
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
        "measures",
        r"(?<![\w.,/])(?P<feet>\d{1,5})(?P<inches>\d{0})?[′'](?![\w'])(?=[\s,.;:!?)]|$)",
        _feet_alone,
    ),
    rule("measures", rf"(?<![\w.,/])(?P<feet>\d{{0}})(?P<inches>{QUANTITY})(?:\"|″)(?!\w)", _feet_and_inches),
    rule(
        "measures",
        rf"(?<![\w.,/])(?:(?P<by>{QUANTITY})\s?[x×]\s?)?(?P<first>{QUANTITY})(?:in\b\.?|\s?in\.(?=\s|$)|\s?in\b(?=\s*$|[,;)]|\s(?:by|x|×|long|wide|tall|high|deep|thick)))",
        _inches,
    ),
]

JOINTS: list[Rule] = [
    rule(
        "measures",
        rf"(?<=[\d\ue000])\s?/\s?(?={one_of(word for word in table('per') if len(word) > 2)}\b)",
        _per,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/])(?P<count>{NUMBER})/(?P<per>{_BELOW})(?![\w/²³])",
        lambda match: f"{number(match['count'])} per {_PER[match['per']]}",
    ),
    rule(
        "measures",
        rf"(?<![\w./]){_UNIT_OF_RATE}/(?P<per>{one_of(_PER)})(?![\w/²³])",
        _rate_alone,
        digits=False,
    ),
    rule(
        "measures",
        rf"(?<![\w.,/&-])(?P<unit>{one_of(words('measures', 'bare'))})(?![\w/&-]|\.\w)",
        lambda match: _UNITS[match["unit"]][1],
        digits=False,
    ),
    rule("measures", r"(?<=\ue000)\s?[x×]\s?(?=\ue000)", lambda _match: " by ", digits=False),
]
"""What joins quantities that are read already, and rates without a number: "in km/h"."""
