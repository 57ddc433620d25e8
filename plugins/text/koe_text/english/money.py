"""Amounts of money."""

import re

from koe_text.english.numbers import cardinal, number
from koe_text.english.rules import DASH, NUMBER, Rule, is_adjective, rule
from koe_text.english.tables import forms, in_any_case, one_of, table, words

_CURRENCIES = in_any_case(forms("currencies"), words("case", "currencies"))
_MAGNITUDES = table("magnitudes")
_PER = {**{unit: spoken[0] for unit, spoken in forms("units").items()}, **table("per")}
_SYMBOL = rf"(?P<symbol>{one_of(_CURRENCIES)})"
_SIGN = r"(?P<sign>[-−+]\s?)?"
_INNER_SIGN = r"(?P<sign>[-−])"
_MAGNITUDE = (
    r"(?:\s?(?P<magnitude>(?i:thousand|million|billion|trillion|hundred(?:\sthousand)?))\b"
    rf"|\s?(?P<short>{one_of(_MAGNITUDES)})(?![\w/]))"
)
_RATE = rf"(?:\s?/\s?(?P<per>(?i:{one_of(table('per'))})|{one_of(_PER)})(?!\w))"
_AMOUNT = rf"(?P<amount>{NUMBER})"
_MINOR = re.compile(r"(?:\d[\d,]*)?\.\d{1,2}0*")


def _amount(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    one, many = _CURRENCIES[match["symbol"]][:2]
    magnitude = _magnitude(named)
    amount = match["amount"]
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get((named.get("sign") or "").strip(), "")
    if named.get("last"):
        spoken = _range(match, magnitude)
    elif magnitude:
        spoken = f"{number(amount)}{magnitude} {one if is_adjective(match) else many}"
    else:
        spoken = _sum(match["symbol"], amount, singular=is_adjective(match))
    return sign + spoken + _per(named)


def _range(match: re.Match[str], magnitude: str) -> str:
    """$5-10 is five to ten dollars; where the symbol is written twice, it is said twice: $5-$10."""
    named = match.groupdict()
    symbol, amount, last = match["symbol"], match["amount"], match["last"]
    between = f" {_MAGNITUDES[first]}" if (first := named.get("first")) else ""
    if named.get("again") and (between or not magnitude):
        whole = f"{number(amount)}{between} {_CURRENCIES[symbol][1]}" if between else _sum(symbol, amount)
        end = f"{number(last)}{magnitude} {_CURRENCIES[symbol][1]}" if magnitude else _sum(symbol, last)
        return f"{whole} to {end}"
    between = "" if between == magnitude else between
    return f"{number(amount)}{between} to {number(last)}{magnitude} {_CURRENCIES[symbol][1]}"


def _sum(symbol: str, amount: str, *, singular: bool = False) -> str:
    one, many, cent, cents = _CURRENCIES[symbol]
    if cent and _MINOR.fullmatch(amount):
        return _with_cents(amount, one, many, cent, cents)
    return f"{number(amount)} {one if singular or amount.lstrip('0') == '1' else many}"


def _comma(match: re.Match[str]) -> str:
    """€12,50 with the decimal comma of the countries that pay in euros."""
    sign = "minus " if (match["sign"] or "").strip() in {"-", "−"} else ""
    return sign + _with_cents(match["amount"].replace(",", "."), *_CURRENCIES[match["symbol"]])


def _with_cents(amount: str, one: str, many: str, cent: str, cents: str) -> str:
    before, _, behind = amount.partition(".")
    whole, minor = int(before.replace(",", "") or "0"), int(behind.ljust(2, "0")[:2])
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
    return f" per {_PER.get(per) or _PER[per.lower()]}" if (per := named.get("per")) else ""


def _cents(match: re.Match[str]) -> str:
    one, many = ("penny", "pence") if match[2] == "p" else ("cent", "cents")
    return f"{number(match[1])} {one if match[1] == '1' else many}"


RULES: list[Rule] = [
    rule(
        "money", r"(?<![\w$€£.])(?P<sign>[-−+]\s?)?(?P<symbol>€)\s?(?P<amount>\d{1,9},\d\d)(?![\d,.])", _comma
    ),
    rule("money", r"(?<![\w.,])(?P<sign>[-−+]\s?)?(?P<amount>\d{1,9},\d\d)\s?(?P<symbol>€)(?!\w)", _comma),
    rule(
        "money",
        rf"(?<![\w$€£.]){_SIGN}{_SYMBOL}(?:(?<=[Rr]s)\.)?\s?{_AMOUNT}(?P<first>{one_of(_MAGNITUDES)})?"
        rf"(?:{DASH}(?P<again>(?P=symbol))?(?P<last>{NUMBER}))(?![\d-])"
        rf"{_MAGNITUDE}?{_RATE}?(?![\d])",
        _amount,
    ),
    rule(
        "money",
        rf"(?<![\w$€£.]){_SIGN}{_SYMBOL}(?:(?<=[Rr]s)\.)?\s?{_AMOUNT}{_MAGNITUDE}?{_RATE}?(?!\d)(?:(?<=\d)\s?USD\b)?",
        _amount,
    ),
    rule(
        "money",
        rf"(?<![\w.,]){_SIGN}{_AMOUNT}(?:{DASH}(?P<last>{NUMBER}))?{_MAGNITUDE}?\s?{_SYMBOL}(?!\w|\d){_RATE}?",
        _amount,
    ),
    rule("money", rf"(?<![\w$€£.]){_SYMBOL}{_INNER_SIGN}{_AMOUNT}{_MAGNITUDE}?(?!\d)", _amount),
    rule("money", rf"(?<![\w.,])({NUMBER})\s?(¢|c(?=\s(?:a|per|each)\b))", _cents),
    rule("money", r"(?<![\w.,])([1-9]\d?)(p)\b(?!\.\d)", _cents),
]
