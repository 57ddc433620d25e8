"""Fractions, and times that something is taken."""

import re

from koe_text.english.numbers import number
from koe_text.english.rules import NUMBER, VULGAR, Rule, quantity, rule

_SIGN = r"(?P<sign>[-−+](?=[\d½⅓⅔¼¾⅛]))?"


def _fraction(match: re.Match[str]) -> str | None:
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get(match["sign"] or "", "")
    return sign + quantity(match["fraction"])


def _over(match: re.Match[str]) -> str:
    return f"{number(match[1])} over {number(match[2])}"


def _over_letter(match: re.Match[str]) -> str:
    return f"{number(match[1])} over {match[2].upper()}"


def _divided(match: re.Match[str]) -> str | None:
    """10 / 5, of which a whole number comes; 5 / 8 is a fraction."""
    below = int(match[2])
    if not below or int(match[1]) % below:
        return None
    return f"{number(match[1])} divided by {number(match[2])}"


def _out_of(match: re.Match[str]) -> str:
    return f"{number(match[1])} out of {number(match[2])}"


def _chain(match: re.Match[str]) -> str:
    return ", ".join(number(part) for part in match[0].split("/"))


def _times(match: re.Match[str]) -> str:
    first, last = match["first"], match["last"]
    spoken = f"{number(first)} to {number(last)}" if last else number(first)
    return f"{spoken} times"


RULES: list[Rule] = [
    rule("math", r"(?<![\w.,/])(\d{1,6})\s/\s(\d{1,6})(?![\w/]|\.\d)", _divided),
    rule("fractions", rf"(?<![\w.,/])({NUMBER})/(5|10|100)(?=\s(?:stars?|points?)\b)", _out_of),
    rule("fractions", r"(?<![\w.,])\d{1,15}(?:/\d{1,15}){2,}(?!\w)", _chain),
    rule(
        "fractions",
        rf"(?<![\w.,/+*=])(?<!\w-){_SIGN}"
        rf"(?P<fraction>\d{{1,4}}[ -]\d{{1,3}}/\d{{1,4}}|\d{{1,6}}\s?/\s?\d{{1,6}}"
        rf"|\d*\s?[{''.join(VULGAR)}])(?:st|nds?|rds?|ths?)?(?![\w/]|\.\d|,\d)",
        _fraction,
    ),
    rule("fractions", rf"(?<![\w.,/-])({NUMBER})\s?/\s?({NUMBER})(?![\w/])", _over),
    rule("fractions", r"(?<![\w.,/-])(1)/([a-z])(?![\w/'’])", _over_letter),
    rule(
        "fractions",
        rf"(?<![\w.,/])(?P<first>{NUMBER})(?:[x×]?(?:[-–]|\sto\s)(?P<last>{NUMBER}))?[x×](?=[\s.,;:!?)/\ue000]|$)",
        _times,
    ),
]
