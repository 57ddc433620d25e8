"""The normalizer `clean`: markdown, HTML, emoji and typographic characters become plain text."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable

from attrs import frozen
from koe.api import Edit, Normalizer, Segment, rewritten

from koe_text.config import CleanConfig


@frozen
class _Pass:
    """One thing that is taken away or folded, in one go over the text; `languages` None for all."""

    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]
    not_in: frozenset[str] = frozenset()


def _drop(_match: re.Match[str]) -> str:
    return ""


def _first_group(match: re.Match[str]) -> str:
    return match[1]


def _constant(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _match: text


def _pass(pattern: str, replace: Callable[[re.Match[str]], str], flags: int = 0, not_in: str = "") -> _Pass:
    return _Pass(re.compile(pattern, flags), replace, frozenset(not_in.split()))


def _cells(match: re.Match[str]) -> str:
    """A row of a table as a sentence of its cells; the line of dashes below its head says nothing."""
    cells = [cell.strip() for cell in match[0].strip().strip("|").split("|")]
    if all(cell.strip(":-") == "" for cell in cells):
        return ""
    return ", ".join(cell for cell in cells if cell) + "."


def _heading(match: re.Match[str]) -> str:
    """A heading is a sentence."""
    text = match[1].strip()
    return text if not text or text[-1] in ".!?:;…" else text + "."


def _entity(match: re.Match[str]) -> str:
    decoded = html.unescape(match[0])
    return " " if decoded == "\xa0" else decoded


def _compatible(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def _composed(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[0])


# Possessive quantifiers and bounds keep every search linear, whatever the text.
_LINE = r"[^\S\n]*+"
_MARKDOWN = [
    _pass(rf"^{_LINE}(?:```|~~~)[^\n]*+$", _drop, re.MULTILINE),
    _pass(rf"^{_LINE}(?:[-*_][^\S\n]?){{3,100}}$", _drop, re.MULTILINE),
    _pass(rf"^{_LINE}\|[^\n]*\|{_LINE}$", _cells, re.MULTILINE),
    _pass(r"^[^\S\n]{0,3}#{1,6}[^\S\n]++([^\n]*?)[^\S\n]*#*$", _heading, re.MULTILINE),
    _pass(rf"^{_LINE}>(?:[^\S\n]?>)*+[^\S\n](?!\d)", _drop, re.MULTILINE),
    _pass(rf"^{_LINE}[-*+•‣◦][^\S\n]++(?:\[[ xX]\][^\S\n]++)?", _drop, re.MULTILINE),
    _pass(r"!\[([^\[\]\n]{0,300})\]\([^()\s]{0,2000}(?:[^\S\n]+\"[^\"\n]{0,300}\")?\)", _first_group),
    _pass(r"\[([^\[\]\n]{1,300})\]\([^()\s]{0,2000}(?:[^\S\n]+\"[^\"\n]{0,300}\")?\)", _first_group),
    _pass(r"\[([^\[\]\n]{1,300})\]\[[^\[\]\n]{0,100}\]", _first_group),
    _pass(r"\[\^[^\[\]\s]{1,50}\]", _drop),
    _pass(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>", _first_group),
    _pass(r"(`{1,3})(?=[^`\s])|(?<=[^`\s])(`{1,3})(?!`)", _drop),
    _pass(r"(?<![\\*\w])(?:\*{1,3})(?=[^\s*])|(?<=[^\s*\\])\*{1,3}(?![*\w])", _drop),
    _pass(r"(?<=[^\s\d*])\*{2,3}(?=\w)|(?<=\w)\*{2,3}(?=[^\s\d*])", _drop),
    _pass(r"(?<![\\_\w/.@])_{1,3}(?=[^\s_])|(?<=[^\s_\\])_{1,3}(?![_\w/.@])", _drop),
    _pass(r"~~(?=[^\s~])|(?<=[^\s~])~~", _drop),
    _pass(r"\\([\\`*_{}\[\]()#+.!|>~-])", _first_group),
]
_HTML = [
    _pass(r"<!--(?:[^-]|-(?!->)){0,5000}-->", _drop),
    _pass(r"<br\s*/?>|</?(?:p|div|li|ul|ol|tr|h[1-6])(?:\s[^<>]{0,500})?>", _constant("\n"), re.IGNORECASE),
    _pass(
        r"<(?!\w\s[^<>=]{0,1000}>)/?[A-Za-z][A-Za-z0-9]{0,15}(?:[:-][A-Za-z0-9-]{1,30})?(?:=[^<>\s]{1,100})?"
        r"(?:\s[^<>]{0,1000})?/?>",
        _drop,
    ),
    _pass(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});", _entity),
]
_PICTURE = "\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf\u2b00-\u2bff\u231a-\u231b\u23e9-\u23fa"
_EMOJI = [
    _pass(
        rf"[^\S\n]*(?:[{_PICTURE}]|[0-9#*](?=\ufe0f?\u20e3))"
        rf"(?:[{_PICTURE}]|[\ufe0e\ufe0f\u200d\u20e3]|[\U000e0020-\U000e007f])*+",
        _drop,
    ),
    _pass("[\ufe0e\ufe0f\u200d\u20e3]+", _drop),
]
_UNICODE = [
    _pass("[\u00ad\u200b\u200c\u2060\ufeff]+", _drop),
    _pass("[\u00a0\u1680\u2000-\u200a\u202f\u205f]+", _constant(" ")),
    _pass(r"[^\W\d_][\u0300-\u036f]+", _composed),
    _pass("[\ufb00-\ufb06\U0001d400-\U0001d7ff]+", _compatible),
    _pass("[\uff01-\uff5e\u3000]+", _compatible, not_in="zh ja ko"),
    _pass("[\u2018\u2019\u201a\u201b\u02bc\u2032\u0060\u00b4]", _constant("'")),
    _pass("[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033]", _constant('"')),
    _pass("[\u2010\u2011]", _constant("-")),
    _pass("\u2026", _constant("...")),
    _pass(r"(?<=\w)[^\S\n]?--[^\S\n]?(?=\w)", _constant(" — ")),
]


class Clean(Normalizer):
    """Takes away what is not to be read aloud. Every kind has its switch."""

    name = "clean"

    def __init__(self, config: CleanConfig) -> None:
        kinds = [(config.html, _HTML), (config.markdown, _MARKDOWN), (config.emoji, _EMOJI)]
        kinds.append((config.unicode, _UNICODE))
        self._passes = [one for on, passes in kinds if on for one in passes]

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        language = segment.language.partition("-")[0].lower()
        for one in self._passes:
            if language not in one.not_in:
                segment = rewritten(segment, _edits(one, segment.text))
        yield segment


def _edits(one: _Pass, text: str) -> Iterable[Edit]:
    for match in one.pattern.finditer(text):
        replaced = one.replace(match)
        if replaced != match[0]:
            yield Edit(match.start(), match.end(), replaced)
