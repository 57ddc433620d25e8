"""Codes, read character by character: hashes, UUIDs, IPv6 and hardware addresses, paths of Windows."""

import re

from koe_text.english.electronic import spelled
from koe_text.english.numbers import digits
from koe_text.english.rules import Rule, rule

_HEX = "[0-9A-Fa-f]"
_FOLDER = r"[^\\/\s:*?\"<>|,;]"


def _characters(match: re.Match[str]) -> str:
    return ", ".join(" ".join(map(_character, group)) for group in match[0].split("-"))


def _character(written: str) -> str:
    return digits(written) if written.isdecimal() else written.upper()


def _network(match: re.Match[str]) -> str:
    """IPv6 and hardware addresses; `::` is two colons."""
    return " ".join("colon" if written == ":" else _character(written) for written in match[0])


def _path(match: re.Match[str]) -> str:
    return spelled(match[0].rstrip("\\"))


RULES: list[Rule] = [
    rule("serials", rf"(?<![\w-]){_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}(?![\w-])", _characters),
    rule("electronic", rf"(?<![\w:.])(?:{_HEX}{{2}}:){{5}}{_HEX}{{2}}(?![\w:])", _network),
    rule(
        "electronic",
        rf"(?<![\w:.])(?=[0-9:]{{0,39}}(?:[A-Fa-f]|::))(?:{_HEX}{{1,4}}:){{1,7}}(?::?{_HEX}{{1,4}})"
        rf"(?::{_HEX}{{1,4}}){{0,6}}(?:/\d{{1,3}})?(?![\w:])",
        lambda match: _network(match) if match[0].count(":") > 1 and "/" not in match[0] else None,
    ),
    rule("electronic", r"(?<![\w:])::1(?![\w:])", _network),
    rule(
        "serials",
        r"(?<![\w.,/#-])(?=[a-f]{0,40}[0-9])(?=[0-9]{0,40}[a-f])(?=(?:[a-f]*[0-9]){2})[0-9a-f]{7,64}(?![\w-]|\.\d)",
        _characters,
    ),
    rule(
        "electronic",
        rf"(?<![\w:])(?:[A-Za-z]:\\|\\\\)(?:{_FOLDER}{{1,60}}(?:\s{_FOLDER}{{1,60}}(?=\\)){{0,1}}\\?){{0,12}}+"
        r"(?<![.!])",
        _path,
        digits=False,
    ),
]
