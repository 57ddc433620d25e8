"""What NeMo misreads, in a form that it reads right: written text for written text, before it sees it."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen
from koe.api import Edit

from koe_nemo.formulas import Formulas
from koe_nemo.quotes import closing_quotes

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_RANGE = re.compile(r"(?<![\w.,/:$€£+-])(?P<low>\d{1,3})(?P<dash>[-–])(?P<high>\d{1,3})(?![\d/:+–-]|[.,]\d)")
_RATIO = re.compile(r"(?<![\w.,/:$€£+-])\d{1,4}(?P<colon>:)\d(?![\w:/]|[.,]\d|\s?[AaPp]\.?[Mm]\b)")
_FOLLOWED = r"(?![\w-]|\.\w)"


@frozen
class _Rule:
    pattern: re.Pattern[str]
    becomes: Callable[[re.Match[str]], str | None]


def rewrites(text: str, language: str) -> Iterator[Edit]:
    """What is to be rewritten in `text`; where two rules match, the first edit counts."""
    if language != "en":
        return
    rules, formulas = _english()
    for rule in rules:
        for match in rule.pattern.finditer(text):
            becomes = rule.becomes(match)
            if becomes is not None:
                yield Edit(match.start(), match.end(), becomes)
    yield from formulas.edits(text)
    yield from closing_quotes(text)
    for match in _RANGE.finditer(text):
        if int(match["low"]) < int(match["high"]):
            yield Edit(match.start("dash"), match.end("dash"), " to ")
    for match in _RATIO.finditer(text):
        yield Edit(match.start("colon"), match.end("colon"), " to ")


@cache
def _english() -> tuple[tuple[_Rule, ...], Formulas]:
    table: Mapping[str, Any] = tomllib.loads(
        (files("koe_nemo") / "data" / "english.toml").read_text(encoding="utf-8")
    )
    units: Mapping[str, str] = table["units"]
    numbered, regnal, alone = (_one_of(table["romans"][kind]) for kind in ("numbered", "regnal", "alone"))
    numbers, names = table["before_numbers"], table["before_names"]
    rules = (
        _Rule(
            re.compile(rf"(?<![\w.])(?P<short>{_one_of(numbers)})\s?(?=\d)"),
            lambda match: f"{numbers[match['short']]} ",
        ),
        _Rule(re.compile(rf"(?<![\w.]){_one_of(names)}(?=,|\s[A-Z])"), lambda match: names[match[0]]),
        _Rule(
            re.compile(rf"(?<![\w.,])(?P<number>-?\d[\d.,]*)\s?(?P<unit>{_one_of(units)})(?![\w/])"),
            lambda match: _measured(match["number"], units[match["unit"]]),
        ),
        _Rule(re.compile(rf"\b(?P<before>{numbered}\.?\s)(?P<roman>{_ROMAN}){_FOLLOWED}"), _numbered),
        _Rule(re.compile(rf"\b(?P<before>{regnal}\s)(?P<roman>{_ROMAN}){_FOLLOWED}"), _regnal),
        _Rule(re.compile(rf"(?<![\w.-]){alone}{_FOLLOWED}"), lambda match: str(_value(match[0]))),
    )
    return rules, Formulas(table["relations"], table["operators"])


def _one_of(words: Any) -> str:
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


def _measured(number: str, unit: str) -> str:
    """`unit` is in the plural, with "*" where it ends: "kilometer*s per hour"."""
    singular, _, rest = unit.partition("*")
    return f"{number} {singular}{rest[1:] if number in ('1', '-1') else rest}"


def _numbered(match: re.Match[str]) -> str | None:
    """In "Chapter IV", but not in "the chapter I read"."""
    if match["roman"] == "I" and match["before"][0].islower():
        return None
    return f"{match['before']}{_value(match['roman'])}"


def _regnal(match: re.Match[str]) -> str | None:
    """In "Henry VIII", but not in "Henry I think"."""
    rest = match.string[match.end() :]
    if match["roman"] == "I" and rest.strip() and not re.match(r"[.,;:!?)]|['’]s\b|\sof\s", rest):
        return None
    value = _value(match["roman"])
    return f"{match['before']}the {value}{_ordinal_end(value)}"


def _ordinal_end(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _value(roman: str) -> int:
    """14 for XIV."""
    values = [_VALUES[letter] for letter in roman]
    following = [*values[1:], 0]
    return sum(one if one >= after else -one for one, after in zip(values, following, strict=True))
