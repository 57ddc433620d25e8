"""Amounts of money."""

import re

from koe_text.english.numbers import cardinal, number
from koe_text.english.rules import DASH, NUMBER, Rule, is_adjective, rule
from koe_text.english.tables import forms, one_of, table

_CURRENCIES = forms("currencies")
_MAGNITUDES = table("magnitudes")
_PER = {**{unit: spoken[0] for unit, spoken in forms("units").items()}, **table("per")}
_SYMBOL = rf"(?P<symbol>{one_of(_CURRENCIES)})"
_SIGN = r"(?P<sign>[-−+]\s?)?"
_MAGNITUDE = (
    r"(?:\s?(?P<magnitude>thousand|million|billion|trillion|hundred(?:\sthousand)?)\b"
    rf"|\s?(?P<short>{one_of(_MAGNITUDES)})(?![\w/]))"
)
_RATE = rf"(?:\s?/\s?(?P<per>{one_of(_PER)})(?!\w))"
_AMOUNT = rf"(?P<amount>{NUMBER})"
_MINOR = re.compile(r"(?:\d[\d,]*)?\.\d\d")


def _amount(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    one, many, cent, cents = _CURRENCIES[match["symbol"]]
    magnitude = _magnitude(named)
    amount = match["amount"]
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get((named.get("sign") or "").strip(), "")
    if named.get("last"):
        spoken = f"{number(amount)} to {number(match['last'])}{magnitude} {many}"
    elif magnitude:
        spoken = f"{number(amount)}{magnitude} {one if is_adjective(match) else many}"
    elif cent and _MINOR.fullmatch(amount):
        spoken = _with_cents(amount, one, many, cent, cents)
    else:
        singular = amount.lstrip("0") == "1" or is_adjective(match)
        spoken = f"{number(amount)} {one if singular else many}"
    return sign + spoken + _per(named)


def _with_cents(amount: str, one: str, many: str, cent: str, cents: str) -> str:
    whole, minor = int(amount[:-3].replace(",", "") or "0"), int(amount[-2:])
    parts = []
    if whole or not minor:
        parts.append(f"{cardinal(whole)} {one if whole == 1 else many}")
    if minor:
        parts.append(f"{cardinal(minor)} {cent if minor == 1 else cents}")
    return " and ".join(parts)


def _magnitude(named: dict[str, str | None]) -> str:
    if magnitude := named.get("magnitude"):
        return f" {magnitude.lower()}"
    return f" {_MAGNITUDES[short]}" if (short := named.get("short")) else ""


def _per(named: dict[str, str | None]) -> str:
    return f" per {_PER[per]}" if (per := named.get("per")) else ""


def _cents(match: re.Match[str]) -> str:
    one, many = ("penny", "pence") if match[2] == "p" else ("cent", "cents")
    return f"{number(match[1])} {one if match[1] == '1' else many}"


RULES: list[Rule] = [
    rule(
        "money",
        rf"(?<![\w$€£.]){_SIGN}{_SYMBOL}(?:(?<=Rs)\.)?\s?{_AMOUNT}(?:{DASH}(?P=symbol)?(?P<last>{NUMBER}))(?![\d-])"
        rf"{_MAGNITUDE}?{_RATE}?(?![\d])",
        _amount,
    ),
    rule(
        "money",
        rf"(?<![\w$€£.]){_SIGN}{_SYMBOL}(?:(?<=Rs)\.)?\s?{_AMOUNT}{_MAGNITUDE}?{_RATE}?(?!\d)",
        _amount,
    ),
    rule(
        "money",
        rf"(?<![\w.,]){_SIGN}{_AMOUNT}(?:{DASH}(?P<last>{NUMBER}))?{_MAGNITUDE}?\s?{_SYMBOL}(?!\w|\d){_RATE}?",
        _amount,
    ),
    rule("money", rf"(?<![\w.,])({NUMBER})\s?(¢|c(?=\s(?:a|per|each)\b))", _cents),
    rule("money", r"(?<![\w.,])([1-9]\d?)(p)\b(?!\.\d)", _cents),
]
