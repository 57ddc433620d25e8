"""Roman numerals: regnal, numbered things, and those that stand alone."""

import re

from koe_text.english.numbers import cardinal, ordinal, year
from koe_text.english.rules import Rule, rule
from koe_text.english.tables import one_of, words

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = r"(?P<roman>(?=[IVXL])(?!L\b)(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?<=[IVXL])"
_LOWER = "(?:x{0,2}(?:ii|iii|iv|vi|vii|viii|ix|xi|xii|xiii|xiv|xv)|xx)"
_REGNAL = words("roman", "regnal")
_NUMBERED = words("roman", "numbered")
_TITLES = r"(?:King|Queen|Pope|Emperor|Empress|Tsar|Kaiser|Prince|Sultan|Shah)\s"


def value(roman: str) -> int:
    """14 for XIV."""
    values = [_VALUES[letter] for letter in roman]
    following = [*values[1:], 0]
    return sum(one if one >= after else -one for one, after in zip(values, following, strict=True))


def _regnal(match: re.Match[str]) -> str | None:
    if match["roman"] == "I" and not _surely_first(match):
        return None
    return f"{match['before']}the {ordinal(value(match['roman'].upper()))}"


def _surely_first(match: re.Match[str]) -> bool:
    """Whether "Elizabeth I" is a queen rather than the begin of "I think"."""
    rest = match.string[match.end() :]
    return bool(match["title"]) or not rest.strip() or re.match(r"[,.;:!?)]|['’]s\b|\sof\s", rest) is not None


def _numbered(match: re.Match[str]) -> str | None:
    if match["roman"] == "I" and match["before"][0].islower():
        return None
    return match["before"] + cardinal(value(match["roman"]))


def _lower_case(match: re.Match[str]) -> str:
    return match["before"] + cardinal(value(match["roman"].upper()))


def _year(match: re.Match[str]) -> str:
    return year(value(match[0]))


def _century(match: re.Match[str]) -> str:
    return ordinal(value(match["roman"]))


def _alone(match: re.Match[str]) -> str:
    return cardinal(value(match[0]))


RULES: list[Rule] = [
    rule(
        "romans",
        rf"(?P<before>(?P<title>{_TITLES})?\b(?i:{one_of(_REGNAL)})\s){_ROMAN}\b",
        _regnal,
        digits=False,
    ),
    rule(
        "romans",
        rf"(?P<before>(?P<title>(?i:{_TITLES}))?\b(?i:{one_of(_REGNAL)})\s)(?P<roman>{_LOWER})\b(?!['’]|\.\w)",
        _regnal,
        digits=False,
    ),
    rule(
        "romans",
        rf"(?P<before>(?P<title>{_TITLES})[A-Z]\w+\s){_ROMAN}\b",
        _regnal,
        digits=False,
    ),
    rule(
        "romans",
        rf"(?P<before>\b(?i:World\sWar|Super\sBowl|Final\sFantasy|Grand\sTheft\sAuto|GTA"
        rf"|{one_of(_NUMBERED)})\.?\s){_ROMAN}\b(?!['’]|\.\w)",
        _numbered,
        digits=False,
    ),
    rule(
        "romans",
        r"(?P<before>\b[A-Z][a-z]+\s)(?P<roman>II|III|IV|VI|VII|VIII|IX|XI|XII|XIII|XIV|XV|XVI)\b(?!\.\w)",
        _numbered,
        digits=False,
    ),
    rule(
        "romans",
        rf"(?<![\w.-]){_ROMAN}(?=\s(?i:century|centuries)\b)",
        _century,
        digits=False,
    ),
    rule(
        "romans",
        rf"(?P<before>\b(?i:{one_of(_NUMBERED)})\s)(?P<roman>{_LOWER})\b(?!\.\w)",
        _lower_case,
        digits=False,
    ),
    rule(
        "romans",
        r"(?<![\w.-])(?=[MDCLXVI]{4})M{1,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![\w-]|\.\w)",
        _year,
        digits=False,
    ),
    rule("romans", r"\b([Ww]orld\s[Ww]ar\s)i\b", lambda match: f"{match[1]}one", digits=False),
    rule("romans", rf"(?<![\w.-])(?:{one_of(words('roman', 'alone'))})(?![\w-]|\.\w)", _alone, digits=False),
]
