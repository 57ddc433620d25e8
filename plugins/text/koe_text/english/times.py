"""Times of day and spans between them."""

import re

from koe_text.english.numbers import cardinal
from koe_text.english.rules import DASH, Rule, rule, sentence_end

_HALF = r"(?:\s?(?P<half{0}>[ap]\.?\s?m\.?)(?!\w))"
_ZONE = (
    r"(?:\s?(?P<zone>[ECMP][SD]T|[ECMP]T|GMT|UTC|BST|CET|CEST|EET|JST|IST|AEST|AKST|HST|Z)"
    r"(?P<offset>[+-]\d{1,2})?\b)"
)
_CLOCK = r"(?P<hour{0}>[01]?\d|2[0-4])[:.](?P<minute{0}>[0-5]\d)"
_COLON = r"(?P<hour{0}>[01]?\d|2[0-4]):(?P<minute{0}>[0-5]\d)"
_HOUR = r"(?P<hour{0}>0?[1-9]|1[0-2])"


def _clock(hour: str, minute: str | None, *, halved: bool) -> str:
    if minute is None:
        return cardinal(int(hour))
    if minute == "00":
        return cardinal(int(hour)) if halved else f"{cardinal(int(hour))} o'clock"
    spoken = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{cardinal(int(hour))} {spoken}"


def _half(written: str | None) -> str:
    return "" if written is None else " " + re.sub(r"[.\s]", "", written).upper()


def _zone(match: re.Match[str]) -> str:
    named = match.groupdict()
    if not named.get("zone"):
        return sentence_end(match)
    offset = named.get("offset")
    sign = "" if not offset else f" {'plus' if offset[0] == '+' else 'minus'} {cardinal(int(offset[1:]))}"
    return f" {match['zone'].upper().replace('Z', 'Zulu')}{sign}"


def _time(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    if not named.get("half") and int(match["hour"]) == 24 and named.get("minute") != "00":
        return None
    half = _half(named.get("half"))
    return _clock(match["hour"], named.get("minute"), halved=bool(half)) + half + _zone(match)


def _span(match: re.Match[str]) -> str:
    first, last = _half(match["half1"]), _half(match["half2"])
    start = _clock(match["hour1"], match.groupdict().get("minute1"), halved=bool(first or last))
    end = _clock(match["hour2"] or match["hour3"], match.groupdict().get("minute2"), halved=bool(last))
    return f"{start}{first} to {end}{last}{_zone(match)}"


def _with_seconds(match: re.Match[str]) -> str:
    parts = [(int(match["hour"]), "hour"), (int(match["minute"]), "minute"), (int(match["second"]), "second")]
    spoken = [f"{cardinal(count)} {unit}{'' if count == 1 else 's'}" for count, unit in parts]
    return f"{spoken[0]} {spoken[1]} and {spoken[2]}{_half(match['half'])}{_zone(match)}"


def _military(match: re.Match[str]) -> str:
    hour, minute = match["hour"], match["minute"]
    lead = "oh " if hour[0] == "0" and hour != "00" else ""
    spoken = "zero" if hour == "00" else cardinal(int(hour))
    rest = "hundred" if minute == "00" else _clock(hour, minute, halved=True).partition(" ")[2]
    if minute != "00":
        rest = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{lead}{spoken} {rest} {match['unit']}"


_FLAGS = re.IGNORECASE

RULES: list[Rule] = [
    rule(
        "times",
        rf"(?<![\w.:,$]){_COLON.format('')}:(?P<second>[0-5]\d){_HALF.format('')}?{_ZONE}?(?![\d:])",
        _with_seconds,
        flags=_FLAGS,
    ),
    rule(
        "times",
        rf"(?<![\w.:,$]){_COLON.format(1)}{_HALF.format(1)}?(?:{DASH}|\sto\s)(?:{_COLON.format(2)}|{_HOUR.format(3)}(?!\d))"
        rf"{_HALF.format(2)}?{_ZONE}?(?![\d:%])",
        _span,
        flags=_FLAGS,
    ),
    rule(
        "times",
        rf"(?<![\w.:,$]){_HOUR.format(1)}(?:[:.](?P<minute1>[0-5]\d))?{_HALF.format(1)}?(?:{DASH}|\sto\s)"
        rf"{_HOUR.format(2)}(?:[:.](?P<minute2>[0-5]\d))?{_HALF.format(2)}{_ZONE}?",
        _span,
        flags=_FLAGS,
    ),
    rule(
        "times",
        rf"(?<![\w.:,$]){_CLOCK.format('')}{_HALF.format('')}{_ZONE}?",
        _time,
        flags=_FLAGS,
    ),
    rule(
        "times",
        rf"(?<![\w.:,$]){_COLON.format('')}{_ZONE}?(?![\d:])",
        _time,
        flags=_FLAGS,
    ),
    rule("times", rf"(?<![\w.:,$-]){_HOUR.format('')}{_HALF.format('')}{_ZONE}?", _time, flags=_FLAGS),
    rule(
        "times",
        r"(?<![\w.:,$])(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)\s?(?P<unit>hours|hrs|hr|h)\b",
        _military,
    ),
]
