"""`say-as`: what SSML itself asks for. Numbers, dates and amounts are read by the normalizers."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import frozen

_DIGITS: Mapping[str, tuple[str, ...]] = {
    "en": tuple("zero one two three four five six seven eight nine".split()),
    "de": tuple("null eins zwei drei vier fünf sechs sieben acht neun".split()),
    "es": tuple("cero uno dos tres cuatro cinco seis siete ocho nueve".split()),
    "fr": tuple("zéro un deux trois quatre cinq six sept huit neuf".split()),
    "it": tuple("zero uno due tre quattro cinque sei sette otto nove".split()),
    "pt": tuple("zero um dois três quatro cinco seis sete oito nove".split()),
}
_PLUS: Mapping[str, str] = {"en": "plus", "de": "plus", "es": "más", "fr": "plus", "it": "più", "pt": "mais"}
_SYMBOLS: Mapping[str, str] = {
    "@": "at", "#": "hash", "$": "dollar", "%": "percent", "&": "and", "*": "star", "+": "plus",
    "-": "dash", "_": "underscore", "=": "equals", "/": "slash", "\\": "backslash", ".": "dot", ",": "comma",
    ":": "colon", ";": "semicolon", "!": "exclamation mark", "?": "question mark", "(": "open parenthesis",
    ")": "close parenthesis", "'": "apostrophe", '"': "quote", "<": "less than", ">": "greater than",
    "[": "open bracket", "]": "close bracket", "{": "open brace", "}": "close brace", "|": "bar",
    "~": "tilde", "^": "caret", "`": "backtick",
}  # fmt: skip
"""English names; other languages leave symbols as they are."""
_MONTHS = ("January February March April May June July August September October November December").split()
_ORDINAL_ENDS: Mapping[str, str] = {"de": ".", "es": ".º", "fr": "e", "it": "º", "pt": "º"}
_ENGLISH_ENDS: Mapping[int, str] = {1: "st", 2: "nd", 3: "rd"}
_TEENS = range(11, 14)
_ROMAN = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})", re.IGNORECASE)
_ROMAN_VALUES: Mapping[str, int] = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_MONTH_COUNT = 12
_MOST_DAYS = 31
_MAX_NUMBER = 18


@frozen
class Spoken:
    """What is said for `text[start:end]` of the element."""

    text: str
    start: int
    end: int


Reader: TypeAlias = Callable[[str, str, str], Iterable[Spoken] | None]
"""Text, language (its primary subtag) and format to what is said; None: the text as it stands."""


def spoken(interpret_as: str, text: str, language: str, format_: str) -> Iterable[Spoken] | None:
    """What is said; None where the text is said as it stands.

    Raises:
        KeyError: no such `interpret-as`.
    """
    return _READERS[interpret_as](text, language.partition("-")[0].lower(), format_.lower())


def _characters(text: str, language: str, _format: str) -> Iterator[Spoken]:
    """Characters one by one; a comma tells the English letter A from the article."""
    last = len(text.rstrip())
    for match in re.finditer(r"\S", text):
        name = _name(match[0], language)
        lead = " " if match.start() else ""
        tail = "," if name == "A" and language == "en" and match.end() < last else ""
        yield Spoken(lead + name + tail, *match.span())


def _name(character: str, language: str) -> str:
    if character.isascii() and character.isdigit() and language in _DIGITS:
        return _DIGITS[language][int(character)]
    if language == "en" and character in _SYMBOLS:
        return _SYMBOLS[character]
    upper = character.upper()
    return upper if len(upper) == 1 else character


def _digits(text: str, language: str, _format: str) -> Iterator[Spoken]:
    """Digits one by one; what stands between them stays, as a breath."""
    for match in re.finditer(r"\S", text):
        character = match[0]
        said = _name(character, language) if character.isalnum() else {"-": ","}.get(character, character)
        lead = "" if not match.start() or said in {",", "."} else " "
        yield Spoken(lead + said, *match.span())


def _telephone(text: str, language: str, _format: str) -> Iterator[Spoken]:
    """Digits one by one, with a comma between groups."""
    said_before = False
    for match in re.finditer(r"[^\W_]|\+|[^\w+]+|_", text):
        character = match[0]
        if character.isalnum():
            yield Spoken((" " if said_before else "") + _name(character, language), *match.span())
            said_before = True
        elif character == "+":
            said = _PLUS.get(language, character)
            yield Spoken((" " if said_before else "") + said, *match.span())
            said_before = True
        elif said_before and match.end() < len(text):
            yield Spoken(",", *match.span())


def _cardinal(text: str, _language: str, _format: str) -> Iterable[Spoken] | None:
    number = _roman(text)
    return None if number is None else _whole(str(number), text)


def _ordinal(text: str, language: str, _format: str) -> Iterable[Spoken] | None:
    bare = text.strip()
    number = int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= _MAX_NUMBER else _roman(text)
    if number is None:
        return None
    if language == "en":
        teens = number % 100 in _TEENS
        return _whole(f"{number}{'th' if teens else _ENGLISH_ENDS.get(number % 10, 'th')}", text)
    return _whole(f"{number}{_ORDINAL_ENDS[language]}", text) if language in _ORDINAL_ENDS else None


def _date(text: str, language: str, format_: str) -> Iterable[Spoken] | None:
    """An English date with its month as a word, so that the order of its numbers is no question."""
    numbers = re.findall(r"\d{1,4}", text, re.ASCII)
    if language != "en" or len(numbers) != len(format_) or not set(format_) <= set("ymd"):
        return None
    parts = dict(zip(format_, numbers, strict=True))
    month, day, year = parts.get("m"), parts.get("d"), parts.get("y")
    if len(parts) != len(numbers) or month is None or not 1 <= int(month) <= _MONTH_COUNT:
        return None
    if day is not None and not 1 <= int(day) <= _MOST_DAYS:
        return None
    said = _MONTHS[int(month) - 1]
    said += f" {int(day)}" if day is not None else ""
    said += f", {year}" if year is not None and day is not None else f" {year}" if year is not None else ""
    return _whole(said, text)


def _as_it_stands(_text: str, _language: str, _format: str) -> None:
    return None


def _whole(said: str, text: str) -> Iterable[Spoken]:
    return (Spoken(said, 0, len(text)),)


def _roman(text: str) -> int | None:
    letters = text.strip().lower()
    if not letters or not _ROMAN.fullmatch(letters):
        return None
    values = [_ROMAN_VALUES[letter] for letter in letters]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


BLEEPS = frozenset({"expletive", "bleep"})
_READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("characters", "spell-out", "verbatim", "letters"), _characters),
    **dict.fromkeys(("digits", "number_digit"), _digits),
    "telephone": _telephone,
    **dict.fromkeys(("cardinal", "number"), _cardinal),
    "ordinal": _ordinal,
    "date": _date,
    **dict.fromkeys(
        "time duration currency fraction unit address name net interjection".split(), _as_it_stands
    ),
}
