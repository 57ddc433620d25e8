"""Telephone numbers and other groups of digits that are read one by one."""

import re

from koe_text.english.numbers import digits
from koe_text.english.rules import Rule, rule
from koe_text.english.tables import one_of, words

_SEPARATOR = r"[-. ·–]"
_EXTENSION = r"(?:,?\s?(?:ext(?:ension)?\.?|x)\s?(?P<ext>\d{1,6}))?"
_HUNDREDS = {"800": "eight hundred", "900": "nine hundred"}
_GROUP = re.compile(r"\d+|[A-Za-z]+")
_ORDERED = rf"{one_of(words('sequences', 'ordered'))}(?=\s(?:number|no\b|#|id|code)|\s?#)"
_SPELLED = rf"(?:{one_of(words('sequences', 'spelled'))}|{_ORDERED})"
_NUMBERED = one_of(words("sequences", "numbered"))


def _groups(match: re.Match[str]) -> str:
    written = (
        match[0] if "ext" not in match.re.groupindex else match.string[match.start() : match.end("body")]
    )
    groups = _GROUP.findall(written)
    spoken = [_group(group, index, groups) for index, group in enumerate(groups)]
    if written.startswith("+"):
        spoken[0] = f"plus {spoken[0]}"
    if "ext" in match.re.groupindex and match["ext"]:
        spoken.append(f"extension {digits(match['ext'])}")
    return ", ".join(spoken)


def _group(group: str, index: int, groups: list[str]) -> str:
    if group.isalpha():
        return group.capitalize() if len(group) > 1 else group
    if index and groups[index - 1] == "1" and group in _HUNDREDS:
        return _HUNDREDS[group]
    return digits(group)


def _ten(match: re.Match[str]) -> str | None:
    """Ten digits without a break are a telephone number, unless they are a round sum."""
    written = match[0]
    if written.endswith("000"):
        return None
    return ", ".join(digits(part) for part in (written[:3], written[3:6], written[6:]))


def _digits(match: re.Match[str]) -> str:
    return digits(match[0])


def _after_word(match: re.Match[str]) -> str:
    return match[1].replace("#", "number ") + digits(match[2])


def _code_after_word(match: re.Match[str]) -> str:
    spoken = (digits(one) if one.isdecimal() else one.upper() for one in match[2])
    return match[1] + " ".join(spoken)


RULES: list[Rule] = [
    rule(
        "telephones",
        rf"(?<![\w.])(?P<body>(?:\+?1{_SEPARATOR}?\s?)?\(?[2-9]\d{{2}}\)?{_SEPARATOR}{{0,2}}\d{{3}}{_SEPARATOR}"
        rf"\d{{4}}(?:-\d{{2,6}}(?![\w-]))?)(?!\d|[-.]\d){_EXTENSION}\b",
        _groups,
        flags=re.IGNORECASE,
    ),
    rule(
        "telephones",
        rf"(?<![\w.])(?P<body>(?:1{_SEPARATOR})?\(?\d{{3}}\)?{_SEPARATOR}{{1,2}}\d{{3}}{_SEPARATOR}\d{{4}})"
        rf"(?!\d|[-.]\d){_EXTENSION}\b",
        _groups,
        flags=re.IGNORECASE,
    ),
    rule(
        "telephones",
        rf"(?<!\w)(?=\+(?:[-. ·–()]{{0,2}}\d){{7}})"
        rf"(?P<body>\+\d{{1,3}}(?:{_SEPARATOR}?\(?\d{{1,5}}\)?){{1,6}})(?!\d){_EXTENSION}",
        _groups,
        flags=re.IGNORECASE,
    ),
    rule(
        "telephones",
        rf"(?<![\w.])1{_SEPARATOR}8\d\d(?:-(?:\d{{1,4}}|[A-Z\d]{{1,10}}|[a-z]{{4,10}})){{1,4}}\b",
        _groups,
    ),
    rule("telephones", r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])", _groups),
    rule(
        "telephones",
        rf"(?<![\w.$€£,-])(?P<body>\d{{3}}-\d{{4}})(?![\w-]|\.\d){_EXTENSION}",
        _groups,
        flags=re.IGNORECASE,
    ),
    rule("telephones", r"(?<![\w.$€£,-])(?P<body>[2-9]\d{9})(?!\w|[.,-]\d)", _ten),
    rule("telephones", r"(?<![\w.-])3[47]\d\d[ -]\d{6}[ -]\d{5}(?![\w-])", _groups),
    rule("telephones", r"(?<![\w.$€£,-])(?!\d*000(?!\d))\d{12,40}(?!\w|[.,-]\d)", _digits),
    rule("telephones", r"(?<![\w.])0\d{1,4}(?:[ -]\d{2,4}){2,4}(?![\w-])", _groups),
    rule("telephones", r"(?<![\w.-])\d{4}(?:[ -]\d{4}){3}(?![\w-])", _groups),
    rule("telephones", r"(?<![\w.-])97[89](?:[ -]\d{1,7}){3,4}(?![\w-])", _groups),
    rule(
        "telephones",
        rf"\b({_SPELLED}(?:\s(?:number|no\.?|id|code))?(?:\sis|:)\s)((?=[A-Z]{{0,8}}\d)(?=\d{{0,8}}[A-Z])[A-Z\d]{{4,16}})(?![\w-])",
        _code_after_word,
        flags=re.IGNORECASE,
    ),
    rule(
        "telephones",
        rf"\b({_NUMBERED}\b[^.?!\d]{{0,30}}\s(?:end(?:s|ed|ing)?\s(?:in|with))\s|(?:digits|numbers?)\s(?:are|is)\s)"
        r"(\d{3,6})(?![\w-]|[.,]\d)",
        _after_word,
        flags=re.IGNORECASE,
    ),
    rule(
        "telephones",
        rf"\b({_SPELLED}(?:\s(?:number|no\.?|#|id|code))?(?:\sis|:)?\s?)(\d{{3,12}})(?![\w-]|[.,]\d)",
        _after_word,
        flags=re.IGNORECASE,
    ),
]
