"""Versions, serials, model names, and groups of digits and letters."""

import re

from koe_text.english.numbers import cardinal, digits, integer, number, ordinal, pairs, year
from koe_text.english.rules import NUMBER, Rule, rule
from koe_text.english.tables import one_of, words

_RUN = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[-/]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONGEST_CARDINAL = 4
_UNITS = frozenset("kKmMgGlLsShHVWANJ")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ATOMS = re.compile(r"[A-Z][a-z]?|\d+|[()]")
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
    runs = _RUN.findall(re.sub(r"(?<=[A-Z])/(?=[A-Z])", " ", match[0]))
    spoken = [_run(run, index) for index, run in enumerate(runs)]
    return re.sub(r"\s?-\s?", "-", " ".join(spoken)).replace(" ,", ",")


def _run(run: str, index: int) -> str:
    if run in "-/":
        return "-" if run == "-" else ","
    if run[0].isdecimal():
        return _digit_run(run)
    if len(run) == 1 or (len(run) < 4 and not any(letter in "aeiouyAEIOUY" for letter in run)):
        return run.upper()
    if run == "s" and index:
        return "S"
    return run


def _digit_run(run: str) -> str:
    if "." in run:
        return number(run)
    if _YEAR.fullmatch(run):
        return year(int(run))
    is_cardinal = len(run) < _LONGEST_CARDINAL or (len(run) == _LONGEST_CARDINAL and run.endswith("00"))
    return cardinal(int(run)) if is_cardinal and run[0] != "0" else digits(run)


def _plural(match: re.Match[str]) -> str:
    spoken = cardinal(int(match[1]))
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + ("es" if spoken.endswith("x") else "s")


def _hyphenated(match: re.Match[str]) -> str:
    return f"{number(match[1])}-"


def _formula(match: re.Match[str]) -> str:
    """H₂SO₄ as "H two S O four"."""
    plain = match[0].translate(_LOWERED)
    return " ".join(cardinal(int(run)) if run.isdecimal() else run for run in _ATOMS.findall(plain))


def _sub(match: re.Match[str]) -> str:
    """x_1 and x₁ as "X sub one"."""
    written = (match[2] or match[3]).translate(_LOWERED)
    return f"{match[1].upper()} sub {cardinal(int(written)) if written.isdecimal() else written.upper()}"


def _decimal_and_letter(match: re.Match[str]) -> str | None:
    """3.0b, 7.5B; where the letter is a unit, a rule for measures reads it."""
    return None if match[2] in _UNITS else f"{number(match[1])} {match[2].upper()}"


def _wireless(match: re.Match[str]) -> str:
    return f"eight oh two dot {cardinal(int(match[1]))} {match[2].upper()}".strip()


def _variant(match: re.Match[str]) -> str:
    return f"{match[1]} {number(match[2])} {match[3].upper()}"


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
    rule(
        "ordinals",
        r"(?<![\w.])(?<!\d/)(\d{1,3}(?:,\d{3})+|\d{1,15})(?:(?:-|\s(?=(?:nd|rd|th)\b))?(?:st|nd|rd|th)|ST|ND|RD|TH|ˢᵗ|ⁿᵈ|ʳᵈ|ᵗʰ|º|ª)"
        r"(?!\w)",
        _nth,
    ),
]

GROUPS: list[Rule] = [
    rule(
        "serials",
        r"(?<![\w.,$€£/-])(?=[\w/-]{0,40}[A-Za-z]-?\d)(?:(?=\d+-[\w-]*[A-Za-z])|(?=\w+(?:-\w+)*/))"
        r"[^\W_]{1,20}(?:[-/][^\W_]{1,20}){1,12}(?![\w/-])",
        _serial,
    ),
    rule("serials", r"(?<![\w.,$])\d+(?:-\d+){2,}(?![\w]|-\w)", _groups),
]

FORMULAS: list[Rule] = [
    rule(
        "serials",
        r"(?<![\w.,$€£])(\d{1,4}\.\d{1,4})(?![eE]\d|x[-–]|x\sto\s\d)([A-Za-z])(?![\w/²³]|\.\d)",
        _decimal_and_letter,
    ),
    rule(
        "serials",
        r"(?<!\w)(?=[^\W_]*[₀-₉])(?:[A-Z][a-z]?[₀-₉]{0,3}|\([A-Z][A-Za-z₀-₉]{1,8}\)[₀-₉]{0,2}){1,12}(?!\w)",
        _formula,
        digits=False,
    ),
    rule("math", r"(?<!\w)([A-Za-zα-ω])(?:_(\d{1,2}|[a-z])|([₀-₉]{1,3}))(?!\w)", _sub, digits=False),
    rule("serials", r"(?<![\w.])802\.(1|11|3|15)([a-z]{0,2})(?!\w|\.\d)", _wireless),
    rule("serials", r"\b(iPhone|Pixel|Galaxy|iPad|Xbox|Nexus)\s(\d{1,3})([a-z])\b", _variant),
]
"""Chemical formulae, subscripts and names whose last letter is no unit."""

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
    rule("serials", r"(?<![\w.])(480|540|720|1080|1440|2160|4320)([piP])\b", _lines),
    rule("serials", r"(?<![\w.,/-])(\d{2,4})s\b", _plural),
    rule("serials", r"(?<![\w.,/$-])(\d{1,4}(?:\.\d+)?)-(?=[a-z]{2,}|[A-Z][a-z]{2,})", _hyphenated),
    rule(
        "serials",
        r"(?<![\w.,$€£/])(?=[\w.-]*[^\W\d_])(?=[\w.-]*\d)[^\W_]+(?:-[^\W_]+)*(?:(?<=\d)\.\d+(?![\w.]))?(?!\w)",
        _serial,
    ),
]
