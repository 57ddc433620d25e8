"""Street and postal addresses, and numbered places."""

import re

from koe_text.english.numbers import digits, ordinal, pairs
from koe_text.english.rules import Rule, rule
from koe_text.english.tables import one_of, table

_STREETS = table("streets")
_DIRECTIONS = table("directions")
_STATES = table("states")
_PLACES = table("places")
_DIRECTION = rf"(?:{one_of(_DIRECTIONS)}|N\.|S\.|E\.|W\.)"
_NAME = (
    r"(?:(?:[JS]r|St|Dr|Mt|Ft)\.(?=\s[A-Z])|[A-Z][\w'’]+|[A-Z]\.(?=\s[A-Z][a-z])"
    r"|[A-Z](?!\w|\.)|\d{1,3}(?:st|nd|rd|th))"
)
_IN_NAMES = table("in_street_names")
_NTH = re.compile(r"(\d+)(?:st|nd|rd|th)\b")
_SHORT = re.compile(r"\b(?:St|Ft|Mt)\.")
_RUNS = re.compile(r"[A-Z]+|\d+")
_CITY = r"(?:[A-Z][a-z'’.]+\s?){1,3}"


def _street(match: re.Match[str]) -> str:
    spoken = [_house(match["house"])] if match["house"] else []
    if match["letter"]:
        spoken[0] += f" {match['letter'].upper()}"
    if match["direction"]:
        spoken.append(_DIRECTIONS[match["direction"].rstrip(".").upper()])
    spoken.append(_name(match["name"]))
    spoken.append(_STREETS[match["street"].capitalize()])
    if match["behind"]:
        spoken.append(_DIRECTIONS[match["behind"].strip(". ").upper()])
    return " ".join(spoken) + ("." if match[0].endswith(".") and _ends_sentence(match) else "")


def _house(written: str) -> str:
    return house_number(written).replace(" oh ", " zero ") if len(written) == 3 else house_number(written)


def _street_alone(match: re.Match[str]) -> str:
    name = _name(match["name"])
    stop = "." if match[0].endswith(".") and _ends_sentence(match) else ""
    return f"{name} {_STREETS[match['street']]}{stop}"


def _name(written: str) -> str:
    """The name of a street: "5th", "Dr. Martin Luther King Jr."."""
    spoken = _NTH.sub(lambda found: ordinal(int(found[1])), written)
    return " ".join(_IN_NAMES.get(word, word) for word in spoken.split())


def _ends_sentence(match: re.Match[str]) -> bool:
    rest = match.string[match.end() :]
    return not rest.strip("\"')”’ ")


def house_number(written: str) -> str:
    """Numbers of houses, rooms and roads: "one twenty three", "seven oh eight"."""
    return digits(written) if written[0] == "0" else pairs(int(written))


def _state(match: re.Match[str]) -> str:
    zip_code = f" {_zip(match['zip'])}" if match["zip"] else ""
    city = _SHORT.sub(lambda found: table("short_names")[found[0]], match["city"])
    state = _STATES[match["state"].upper().replace(".", "")]
    return f"{city}{match['comma'] or (' ' if city else '')}{state}{zip_code}"


def _named_state(match: re.Match[str]) -> str:
    return match[1] + _zip(match[2])


def _zip(written: str) -> str:
    return ", ".join(digits(part) for part in written.split("-"))


def _postcode(match: re.Match[str]) -> str:
    """M5H 2N2 as "M five H, two N two"."""
    parts = (" ".join(_code(run) for run in _RUNS.findall(part)) for part in match[0].split())
    return ", ".join(parts)


def _code(run: str) -> str:
    return house_number(run) if run.isdecimal() else run


def _place(match: re.Match[str]) -> str:
    written = match["place"]
    name = _PLACES[written.capitalize()]
    spoken = name.capitalize() if written[0].isupper() else name
    letter = f" {match['letter'].upper()}" if match["letter"] else ""
    return f"{spoken} {house_number(match['number'])}{letter}"


def _road(match: re.Match[str]) -> str:
    return f"{match[1]} {house_number(match[2])}"


def _box(match: re.Match[str]) -> str:
    return f"PO Box {house_number(match[1])}"


RULES: list[Rule] = [
    rule(
        "addresses",
        rf"(?<![\w.,$/-])(?P<house>\d{{1,5}})(?P<letter>[A-Za-z])?\s(?:(?P<direction>{_DIRECTION})\s)?"
        rf"(?P<name>{_NAME}(?:\s{_NAME}){{0,4}}?)\s(?P<street>{one_of(_STREETS)})\b\.?"
        rf"(?P<behind>\s{_DIRECTION}(?!\w))?",
        _street,
    ),
    rule(
        "addresses",
        rf"(?<![\w.,$/-])(?P<house>\d{{1,5}})(?P<letter>[A-Za-z])?\s(?:(?P<direction>{one_of(_DIRECTIONS)})\s)?"
        rf"(?P<name>(?:[a-z]+|\d{{1,3}}(?:st|nd|rd|th))(?:\s[a-z]+){{0,2}}?)"
        rf"\s(?P<street>st|ave|blvd|rd|pkwy|ln|expy)\b\.?(?P<behind>\s{one_of(_DIRECTIONS)}(?!\w))?",
        _street,
        flags=re.IGNORECASE,
    ),
    rule(
        "addresses",
        rf"(?P<city>)(?P<comma>,\s?)(?P<state>{one_of(_STATES)})\s(?P<zip>\d{{5}}(?:-\d{{4}})?)\b",
        _state,
        flags=re.IGNORECASE,
    ),
    rule(
        "addresses",
        rf"(?<![\w.'’&-])(?P<house>)(?P<letter>)(?P<direction>{_DIRECTION})\s(?P<name>{_NAME}(?:\s{_NAME}){{0,2}}?)"
        rf"\s(?P<street>{one_of(_STREETS)})\b\.?(?P<behind>\s{_DIRECTION}(?!\w))?",
        _street,
        digits=False,
    ),
    rule(
        "addresses",
        rf"(?<![\w.'’&-])({_DIRECTION})\s(?=\d{{1,3}}(?:st|nd|rd|th)\b)",
        lambda match: f"{_DIRECTIONS[match[1].rstrip('.')]} ",
    ),
    rule(
        "addresses",
        r"(?P<name>\b\d{1,3}(?:st|nd|rd|th))\s(?P<street>St|Ave|Street|Avenue|Blvd)\b\.?",
        _street_alone,
    ),
    rule(
        "addresses",
        rf"\b(?P<city>{_CITY})(?P<comma>,\s?)(?P<state>{one_of(_STATES)})\b(?:,?\s(?P<zip>\d{{5}}(?:-\d{{4}})?)\b)?",
        _state,
        digits=False,
    ),
    rule(
        "addresses",
        rf"\b(?P<city>[A-Z][a-z]+)(?P<comma>)\s(?P<state>{one_of(_STATES)})\s(?P<zip>\d{{5}}(?:-\d{{4}})?)\b",
        _state,
    ),
    rule(
        "addresses",
        r"(?<=,\s)(?P<city>)(?P<comma>)(?P<state>D\.C\.)\s(?P<zip>\d{5}(?:-\d{4})?)\b",
        _state,
    ),
    rule(
        "addresses",
        r"(?<=\ue000)(,\s[A-Z][a-z]+(?:\s[A-Z][a-z]+){0,2},?\s)(\d{5}(?:-\d{4})?)(?![\w,])",
        _named_state,
    ),
    rule(
        "addresses", rf"(?<=\b)({one_of(_STATES.values())},?\s)(\d{{5}}(?:-\d{{4}})?)(?![\w,])", _named_state
    ),
    rule(
        "addresses",
        rf"(?P<city>(?<=\ue000,\s)[A-Z][a-z]+(?:\s[A-Z][a-z]+){{0,2}})(?P<comma>)\s(?P<state>{one_of(_STATES)})"
        r"(?P<zip>\d{0})(?=[\s.,;]*$)",
        _state,
        digits=False,
    ),
    rule(
        "addresses",
        r"\b(?:[A-Z]\d[A-Z]\s\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})\b(?!-)",
        _postcode,
    ),
    rule("addresses", r"(?<!\w)P\.?\s?O\.?\s?Box\s#?(\d{1,5})\b", _box, flags=re.IGNORECASE),
    rule(
        "addresses",
        rf"\b(?P<place>(?i:{one_of(_PLACES)}))\.?\s(?:#|No\.\s)?(?P<number>\d{{1,5}})(?P<letter>[A-Za-z])?\b(?![.,]\d)",
        _place,
    ),
    rule(
        "addresses",
        r"(?P<name>\b[A-Z][a-z]+)\s(?P<street>St)\b(?:\.(?!\s?[A-Z])|(?!\.))(?!\s?['’])",
        _street_alone,
        digits=False,
    ),
    rule("addresses", r"\b(I|US|SR)-(\d{1,3})\b", _road),
    rule(
        "addresses",
        r"(?P<name>\b[A-Z][a-z]+)\s(?P<street>Ave|Blvd|Rd|Pkwy|Hwy|Ln|Expy|Expwy|Fwy)\b\.?",
        _street_alone,
        digits=False,
    ),
]
