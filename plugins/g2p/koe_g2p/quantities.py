"""Numbers that are written in digits, said in English."""

import re
from collections.abc import Iterator

from attrs import frozen

from koe_g2p import numerals
from koe_g2p.pronouncer import Pronouncer
from koe_g2p.stress import Emphasis

_CURRENCIES = {"$": ("dollar", "cent"), "£": ("pound", "pence"), "€": ("euro", "cent")}
_NUMBER = re.compile(r"(?P<sign>-?)(?P<digits>[0-9.,]*[0-9][0-9.,]*)(?P<ending>ing|'d|ed|'s|st|nd|rd|th|s)?")
_ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
_ENDINGS = {"s": "s", "'s": "s", "ed": "ed", "'d": "ed", "ing": "ing"}
_UNSTRESSED = frozenset({"point", "O"})
_YEAR_DIGITS = 4
_HUNDREDS_DIGITS = 3
_CENT_DIGITS = 2
_MOST_DIGITS = len(str(numerals.LARGEST))


@frozen
class _Number:
    """A number as it stands in a word. `leads`: whether the word begins with it."""

    sign: str
    digits: str
    ending: str
    currency: str
    leads: bool

    @property
    def whole(self) -> str:
        return self.digits.replace(",", "")

    @property
    def is_plain(self) -> bool:
        return self.digits.isdigit()


class Quantities:
    """Numbers to phonemes. Safe to share among threads."""

    def __init__(self, pronouncer: Pronouncer) -> None:
        self._pronouncer = pronouncer

    def say(self, text: str, currency: str = "", *, leads: bool = True) -> str | None:
        """The phonemes of `12`, `-3.5`, `1,000`, `21st`, `1990s`; None where it is no such number.

        `currency` is the sign that belongs to it. `leads` is False for numbers inside a word ("A320"),
        which are read in groups of digits.
        """
        match = _NUMBER.fullmatch(text)
        if match is None or (match["sign"] and not leads):
            return None
        number = _Number(match["sign"], match["digits"], match["ending"] or "", currency, leads)
        words = [*(["minus"] if number.sign else []), *_words(number)]
        said = [self._word(word) for word in words]
        phonemes = " ".join(filter(None, said))
        if not phonemes:
            return None
        ending = _ENDINGS.get(number.ending)
        return self._pronouncer.ended(phonemes, ending) if ending else phonemes

    def with_currency(self, phonemes: str, currency: str) -> str:
        """The phonemes with the currency's plural behind them: "five million" and "$"."""
        return f"{phonemes} {self._pronouncer.plural(_CURRENCIES[currency][0])}"

    def _word(self, word: str) -> str | None:
        said = self._pronouncer.say(word)
        return said and (Emphasis.NONE.apply(said) if word in _UNSTRESSED else said)


def _words(number: _Number) -> Iterator[str]:
    """The words of a number, signs and endings apart."""
    if number.currency and number.whole.count(".") <= 1 and _is_amount(number.whole):
        yield from _amount(number)
    elif number.is_plain and number.ending in _ORDINAL_ENDINGS:
        yield from _whole(number.whole, ordinal=True)
    elif number.is_plain and len(number.digits) == _YEAR_DIGITS and not number.currency:
        yield from _year(number.digits)
    elif number.whole.count(".") > 1:
        for part in filter(None, number.whole.split(".")):
            yield from _group(part)
    elif not number.leads and "." not in number.whole:
        yield from _group(number.whole)
    else:
        yield from _decimal(number)


def _decimal(number: _Number) -> Iterator[str]:
    whole, point, fraction = number.whole.partition(".")
    if whole:
        yield from _whole(whole, ordinal=number.ending in _ORDINAL_ENDINGS)
    if point and fraction:
        yield "point"
        yield from numerals.digits(fraction)


def _year(text: str) -> list[str]:
    return numerals.digits(text) if text.startswith("0") else numerals.year(int(text))


def _whole(text: str, *, ordinal: bool = False) -> list[str]:
    """A whole number; digit by digit where it is too long for a name."""
    if len(text) > _MOST_DIGITS:
        return numerals.digits(text)
    return numerals.ordinal(int(text)) if ordinal else numerals.cardinal(int(text))


def _group(text: str) -> list[str]:
    """Digits inside a word: "320" is "three twenty", "007" and "12345" are read digit by digit."""
    if text.startswith("0") or len(text) > _HUNDREDS_DIGITS:
        return numerals.digits(text)
    if len(text) < _HUNDREDS_DIGITS or text.endswith("00"):
        return numerals.cardinal(int(text))
    first, rest = text[0], text[1:]
    tail = ["O", *numerals.digits(rest[1])] if rest.startswith("0") else numerals.cardinal(int(rest))
    return [*numerals.digits(first), *tail]


def _is_amount(whole: str) -> bool:
    return len(whole.partition(".")[2]) <= _CENT_DIGITS


def _amount(number: _Number) -> Iterator[str]:
    """Money: "five dollars and ten cents"."""
    whole, _, fraction = number.whole.partition(".")
    large, small = _CURRENCIES[number.currency]
    cents = int(fraction.ljust(_CENT_DIGITS, "0")) if fraction else 0
    units = int(whole or "0") if len(whole) <= _MOST_DIGITS else None
    if units != 0 or not cents:
        yield from _whole(whole or "0")
        yield large if units == 1 else f"{large}s"
        if cents:
            yield "and"
    if cents:
        yield from numerals.cardinal(cents)
        yield small if cents == 1 or small == "pence" else f"{small}s"
