"""Formulas: "2+2=4", "x²", "2^10", "√16", "1e6", "4x6"."""

import re
from collections.abc import Callable, Mapping

from koe_text.english.numbers import fraction, number, pairs
from koe_text.english.rules import NUMBER, Rule, rule
from koe_text.english.tables import one_of, table

_RELATIONS = table("math.relations")
_OPERATORS = {**table("math.operators"), **_RELATIONS}
_TELLING = frozenset("".join(_OPERATORS)) - frozenset("-−/") | frozenset("^√⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Without one of these it is a range, a fraction or a name rather than a formula."""
_POWERS = {"2": "squared", "3": "cubed"}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_GREEK = {"π": "pi", "θ": "theta", "∞": "infinity"}

_FUNCTIONS = {"sin": "sine", "cos": "cosine", "tan": "tangent", "ln": "L N"}
_DIGITS = re.compile(r"\d+")

_OPERAND = rf"(?:[-−]?(?:{NUMBER})(?:[a-z](?!\w))?|[A-Za-z](?!\w)|√(?:{NUMBER}|[a-z])|[πθ∞])"
_SUPERSCRIPT = r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,6}"
_POWER = rf"(?:\^\(?[-−]?(?:\d{{1,6}}|[a-z](?!\w))\)?|{_SUPERSCRIPT})?"
_TERM = rf"\(?{_OPERAND}{_POWER}\)?{_POWER}"
_OPERATOR = rf"(?:{one_of(_OPERATORS)}|x(?=\s?\d))"
_PIECE = re.compile(
    rf"(?P<fraction>\d{{1,4}}/\d{{1,4}})|(?P<number>{NUMBER})|(?P<power>\^\(?[-−]?[\da-z]+\)?|{_SUPERSCRIPT})"
    r"|(?P<times>x(?=\s?\d))|(?P<letter>[A-Za-z]+|[πθ∞])|(?P<root>√)"
    rf"|(?P<operator>{one_of(_OPERATORS)})|(?P<bracket>[()])"
)


def _fraction(written: str) -> str:
    above, below = written.split("/")
    return fraction(int(above), int(below))


def _function(match: re.Match[str]) -> str:
    name = _FUNCTIONS.get(match[1], match[1])
    return f"{name if len(name) > 1 else name.upper()} of {match[2].upper()}"


def _divided(match: re.Match[str]) -> str:
    """10/5=2: a division, because a whole number comes of it."""
    return f"{number(match[1])} divided by {number(match[2])} equals {number(match[3])}"


def _power(written: str) -> str:
    exponent = written.translate(_RAISED).strip("^()").replace("−", "-")
    if exponent in _POWERS:
        return _POWERS[exponent]
    if exponent.lstrip("-").isdecimal():
        return f"to the power of {number(exponent)}"
    spoken = _DIGITS.sub(lambda found: f" {number(found[0])} ", exponent.replace("-", "minus ").upper())
    return f"to the power of {' '.join(spoken.split())}"


def _letter(written: str) -> str:
    return _GREEK.get(written) or (written.upper() if len(written) == 1 else written)


_SPEAK: Mapping[str, Callable[[str], str]] = {
    "fraction": _fraction,
    "number": number,
    "power": _power,
    "times": lambda _written: "times",
    "letter": _letter,
    "root": lambda _written: "the square root of",
    "operator": lambda written: _OPERATORS[written],
    "bracket": lambda _written: ",",
}


def _formula(match: re.Match[str]) -> str | None:
    """0 < x as "zero is less than X"; a chain has no room for two verbs: "zero less than X less than one"."""
    text = match[0]
    if not any(character in text for character in _TELLING):
        return None
    pieces = list(_PIECE.finditer(text))
    is_chain = sum(piece[0] in _RELATIONS or piece[0] == "=" for piece in pieces) > 1
    spoken: list[str] = []
    for piece in pieces:
        begins_negative = piece[0] in "-−" and not spoken
        word = "minus" if begins_negative else _SPEAK[piece.lastgroup or ""](piece[0])
        spoken.append(word.removeprefix("is ") if is_chain else word)
    return " ".join(spoken).replace(" ,", ",").strip(" ,")


def _scientific(match: re.Match[str]) -> str:
    return f"{number(match[1])} times ten to the power of {number(match[2])}"


def _by(match: re.Match[str]) -> str:
    return " by ".join(_dimension(part) for part in match.groups() if part)


def _dimension(written: str) -> str:
    return pairs(int(written)) if written.isdecimal() and len(written) in {3, 4} else number(written)


RULES: list[Rule] = [
    rule("math", r"(?<!\w)(sin|cos|tan|log|ln|exp|[fgh])\(([a-z])\)", _function, digits=False),
    rule("math", rf"(?<![\w.,/])({NUMBER})\s?/\s?({NUMBER})\s?=\s?({NUMBER})(?![\w/])", _divided),
    rule("math", rf"(?<![\w.,$€£])([-−]?{NUMBER})[eE]([-−+]?\d{{1,3}})(?!\w)", _scientific),
    rule(
        "math",
        rf"(?<![\w.,$€£#@/'’-]){_TERM}(?:\s?{_OPERATOR}\s?{_TERM}){{1,12}}(?![\w$€£%])",
        _formula,
        digits=False,
    ),
    rule(
        "math",
        rf"(?<![\w.,$€£#@/]){_OPERAND}(?:\^\(?[-−]?[\da-z]{{1,4}}\)?|{_SUPERSCRIPT})(?!\w)",
        _formula,
        digits=False,
    ),
    rule("math", rf"√\s?(?:{NUMBER}|[a-z](?!\w))", _formula, digits=False),
    rule("math", rf"(?<![\w.,/])({NUMBER})\s?[x×]\s?({NUMBER})(?:\s?[x×]\s?({NUMBER}))?(?!\w|[.,]\d)", _by),
]
