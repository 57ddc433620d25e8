"""Places in books and laws, numbered models, and results: "John 3:16", "Section 3.2(b)", "Boeing 737"."""

import re

from koe_text.english.numbers import cardinal, number, ordinal, pairs
from koe_text.english.rules import NUMBER, Rule, rule
from koe_text.english.tables import one_of, words

_BOOKS = one_of(word.replace("_", " ") for word in words("references", "books"))
_RESULTS = one_of(words("references", "results"))
_MODELS = one_of(words("references", "models"))
_EMERGENCY = one_of(words("references", "emergency"))
_BRACKETED = re.compile(r"\((\w+)\)")


def _verse(match: re.Match[str]) -> str:
    before = f"{ordinal(int(match['nth']))} " if match["nth"] else ""
    spoken = f"{before}{match['book']} {cardinal(int(match['chapter']))} {cardinal(int(match['verse']))}"
    return f"{spoken} to {cardinal(int(match['last']))}" if match["last"] else spoken


def _bracketed(match: re.Match[str]) -> str:
    """401(k) as "four oh one K", 3.2(b)(1) as "three point two B one"."""
    whole = match["number"]
    spoken = [pairs(int(whole)) if whole.isdecimal() and len(whole) == 3 else number(whole)]
    spoken += [
        cardinal(int(part)) if part.isdecimal() else part.upper()
        for part in _BRACKETED.findall(match["brackets"])
    ]
    return " ".join(spoken)


def _model(match: re.Match[str]) -> str:
    numbers = [pairs(int(part)) for part in match["numbers"].split("-")]
    return f"{match['maker']} {' '.join(numbers)}"


def _result(match: re.Match[str]) -> str:
    return f"{match['before']}{number(match['points'])} out of {number(match['of'])}"


def _emergency(match: re.Match[str]) -> str:
    return " ".join(cardinal(int(digit)) for digit in match[0])


RULES: list[Rule] = [
    rule(
        "serials",
        rf"(?<![\w.,])(?:(?P<nth>[1-4])\s)?(?P<book>{_BOOKS})\.?\s(?P<chapter>\d{{1,3}}):(?P<verse>\d{{1,3}})"
        r"(?:\s?[-–]\s?(?P<last>\d{1,3}))?(?![\w:])",
        _verse,
    ),
    rule(
        "serials",
        r"(?<![\w.,$€£])(?P<number>\d{1,4}(?:\.\d{1,3})?)(?P<brackets>(?:\((?:[A-Za-z]|\d{1,2})\)){1,4})(?!\w)",
        _bracketed,
    ),
    rule(
        "serials", rf"\b(?P<maker>(?i:{_MODELS}))\s(?P<numbers>\d{{3}}(?:-\d{{3}})?)(?![\w-]|[.,]\d)", _model
    ),
    rule(
        "fractions",
        rf"(?P<before>\b(?:{_RESULTS})\s(?:(?:a|an|it|of|at|me|her|him)\s){{0,2}})"
        rf"(?P<points>{NUMBER})/(?P<of>5|10|20|50|100)(?![\w/]|\.\d)",
        _result,
        flags=re.IGNORECASE,
    ),
    rule("telephones", rf"(?<![\w.,$€£/-])(?:911|999|411|311|112)(?=\s(?:{_EMERGENCY})\b)", _emergency),
]
