"""Versions, serials, model names, and groups of digits and letters."""

import re

from koe_text.english.numbers import cardinal, digits, integer, number, ordinal, pairs
from koe_text.english.rules import NUMBER, Rule, rule
from koe_text.english.tables import one_of, words

_RUN = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|-")
_LONGEST_CARDINAL = 4
_SOFTWARE = one_of(words("sequences", "software"))


def _version(match: re.Match[str]) -> str:
    written = match["version"].split(".")
    before = match.groupdict().get("before")
    if before is None and all(len(part) == 3 for part in written[1:]):
        return cardinal(int("".join(written)))
    parts = [integer(part) for part in written]
    spoken = " point ".join(parts)
    if before is None:
        return spoken
    name = "version " if before.strip(". ").lower() in {"v", "ver"} else before
    return name + spoken + _letter(match["suffix"])


def _letter(suffix: str | None) -> str:
    return f" {suffix}" if suffix else ""


def _serial(match: re.Match[str]) -> str:
    runs = _RUN.findall(match[0])
    spoken = [_run(run, index) for index, run in enumerate(runs)]
    return re.sub(r"\s?-\s?", "-", " ".join(spoken))


def _run(run: str, index: int) -> str:
    if run == "-":
        return "-"
    if run[0].isdecimal():
        if "." in run:
            return number(run)
        return digits(run) if run[0] == "0" or len(run) > _LONGEST_CARDINAL else cardinal(int(run))
    if len(run) == 1 or (len(run) < 4 and not any(letter in "aeiouyAEIOUY" for letter in run)):
        return run.upper()
    if run == "s" and index:
        return "S"
    return run


def _plural(match: re.Match[str]) -> str:
    spoken = cardinal(int(match[1]))
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + ("es" if spoken.endswith("x") else "s")


def _hyphenated(match: re.Match[str]) -> str:
    return f"{number(match[1])}-"


def _numbered(match: re.Match[str]) -> str:
    plural = "s" if match["plural"] else ""
    word = "Number" if match["word"][:1] == "N" else "number"
    return f"{word}{plural} {number(match['number'])}"


def _groups(match: re.Match[str]) -> str:
    return ", ".join(digits(part) for part in re.findall(r"\d+", match[0]))


def _nth(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _lines(match: re.Match[str]) -> str:
    return f"{pairs(int(match[1]))} {match[2].upper()}"


ORDINALS: list[Rule] = [
    rule("ordinals", r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d{1,15})(?:st|nd|rd|th|ST|ND|RD|TH|º|ª)\b", _nth),
]

GROUPS: list[Rule] = [
    rule("serials", r"(?<![\w.,$])\d+(?:-\d+){2,}(?![\w]|-\w)", _groups),
]

RULES: list[Rule] = [
    rule(
        "versions",
        rf"(?<![\w.])(?P<before>(?i:{_SOFTWARE})\.?\s?)(?P<version>\d{{1,4}}(?:\.\d{{1,6}}){{1,4}})"
        r"(?P<suffix>[a-z])?(?![\w]|\.\d)",
        _version,
    ),
    rule("versions", r"(?<![\w.$€£])(?P<version>\d{1,4}(?:\.\d{1,6}){2,6})(?![\w])", _version),
    rule(
        "serials",
        rf"(?P<word>(?<!\w)(?:No(?P<plural>s)?\.|no(?:s)?\.|№|#|Nr\.))\s?(?P<number>{NUMBER})(?!\w)",
        _numbered,
    ),
    rule("serials", r"(?<![\w.])(480|540|720|1080|1440|2160|4320)([pi])\b", _lines),
    rule("serials", r"(?<![\w.,/-])(\d{2,4})s\b", _plural),
    rule("serials", r"(?<![\w.,/$-])(\d{1,4}(?:\.\d+)?)-(?=[a-z]{2,}|[A-Z][a-z]{2,})", _hyphenated),
    rule(
        "serials",
        r"(?<![\w.,$€£/])(?=[\w.-]*[^\W\d_])(?=[\w.-]*\d)[^\W_]+(?:-[^\W_]+)*(?:(?<=\d)\.\d+(?![\w.]))?(?!\w)",
        _serial,
    ),
]
