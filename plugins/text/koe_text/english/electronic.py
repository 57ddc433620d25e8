"""URLs, e-mail addresses, domains, files, handles and network addresses."""

import re
from collections.abc import Iterable

from koe_text.english.numbers import digits, integer
from koe_text.english.rules import Rule, rule
from koe_text.english.tables import one_of, table, words


def _in_both_cases(written: Iterable[str]) -> Iterable[str]:
    return (form for one in written for form in (one, one.upper() if len(one) > 1 else one))


_SYMBOLS = table("electronic.symbols")
_LETTERS = words("electronic", "letters")
_DOMAIN = one_of(_in_both_cases(words("electronic", "domains")))
_FILE = one_of(_in_both_cases(words("electronic", "files")))
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_HASHTAG_WORD = re.compile(r"\d+|[A-Z]*[^\W\d_A-Z]+|[A-Z]+")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})\.){1,6}"
_REST = r"(?::\d{1,5})?(?:[/?#][^\s<>\"'()\[\]{}]*)?"
_END = r"(?<![.,;:!?])"


def spelled(text: str) -> str:
    """An address as it is dictated: `a.b@c.org` as "A dot B at C dot org"."""
    return " ".join(word for token in _TOKEN.findall(text) if (word := _token(token)))


def _token(token: str) -> str:
    if token.isdecimal():
        return digits(token)
    if not token.isalpha():
        return _SYMBOLS.get(token, "")
    if token.isupper() or len(token) == 1 or token.lower() in _LETTERS or not _has_vowel(token):
        return token.upper()
    return token


def _has_vowel(token: str) -> bool:
    return any(letter in "aeiouyAEIOUY" or letter > "\x7f" for letter in token)


def _whole(match: re.Match[str]) -> str:
    return spelled(match[0])


def _without_trailing_slash(match: re.Match[str]) -> str:
    return spelled(match[0].rstrip("/"))


def _handle(match: re.Match[str]) -> str:
    return f"at {spelled(match[1])}"


def _hashtag(match: re.Match[str]) -> str:
    words = _HASHTAG_WORD.findall(match[1])
    return " ".join(["hashtag", *(integer(word) if word.isdecimal() else word for word in words)])


RULES: list[Rule] = [
    rule(
        "electronic",
        rf"\b[a-z][a-z0-9+]{{1,9}}://[^\s<>\"'\[\]{{}}]+{_END}(?<!\))",
        _without_trailing_slash,
        digits=False,
        flags=re.IGNORECASE,
    ),
    rule(
        "electronic",
        rf"(?<![\w.])(?:mailto:)?[\w.+%&=-]{{0,63}}[\w+%=-]@{_HOST}[A-Za-z]{{2,24}}\b"
        r"(?::[\w~][\w~.-]*(?:/[\w~.-]+)+\b|(?:/[\w~.%-]*[\w~%])+)?",
        _whole,
        digits=False,
    ),
    rule(
        "electronic",
        rf"(?<![\w@.-])www\.{_HOST}[A-Za-z]{{2,24}}{_REST}{_END}",
        _without_trailing_slash,
        digits=False,
        flags=re.IGNORECASE,
    ),
    rule(
        "electronic",
        rf"(?<![\w@.-])(?=[\w.-]*[A-Za-z][\w.-]*\.){_HOST}{_DOMAIN}(?![\w@])(?!\.\w){_REST}{_END}",
        _without_trailing_slash,
        digits=False,
    ),
    rule(
        "electronic",
        rf"(?<![\w@.-])(?:[a-z0-9][a-z0-9-]{{1,62}}\.){{1,4}}[a-z]{{2,24}}(?:/[\w~.%-]{{2,60}}|:\d{{2,5}}){_REST}{_END}",
        _without_trailing_slash,
        digits=False,
    ),
    rule("electronic", rf"(?<![\w@.,-])\d{{1,6}}\.(?:com|org|net)(?![\w@]){_REST}{_END}", _whole),
    rule("electronic", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)(?::\d{1,5}|/\d{1,2})?(?![\w.]\w)", _whole),
    rule("electronic", r"(?<![\w@.-])localhost(?::\d{1,5})?(?:/[\w./?=&-]*)?\b", _whole, digits=False),
    rule("electronic", r"(?<![\w$])\$([A-Z]{1,5})(?![\w$])", lambda match: match[1], digits=False),
    rule(
        "electronic",
        rf"(?<![\w/.])(?!\w\.[ch]\b)[A-Za-z_][\w-]{{0,60}}(?:\.(?:tar|min|test|d|\d{{1,3}}))?\.{_FILE}(?!\w|\.\w)",
        _whole,
        digits=False,
    ),
    rule(
        "electronic",
        r"(?<![\w/.<])(?:~|\.{1,2})?(?:/[A-Za-z_][\w.-]{0,60}){2,12}/?" + _END,
        _without_trailing_slash,
        digits=False,
    ),
    rule("electronic", r"(?<![\w.])@([A-Za-z_]\w{1,60})", _handle, digits=False),
    rule("electronic", r"(?<![\w&])#([A-Za-z]\w{1,60})", _hashtag, digits=False),
]
