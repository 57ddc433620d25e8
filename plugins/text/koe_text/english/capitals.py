"""Text in capitals: rules that look at upper and lower case see it as it would be written otherwise."""

import re
from collections.abc import Sequence

from koe_text.english.tables import table, words

_LOWER = re.compile(r"[a-z]")
_SHOUTED = re.compile(
    r"(?<!\w)[A-Z]{3,}(?!\w)|\d(?:ST|ND|RD|TH)\b|\d\s?[A-Z]{1,3}/[A-Z]{1,3}(?!\w)|[\d\"']\s?X\s?\d"
    r"|(?<![A-Z])[A-Z]{2,}(?![A-Z\d])[^A-Z]{1,100}(?:[A-Z](?![A-Z])[^A-Z]{1,20})?[A-Z]{2,}(?![A-Z\d])"
)
_RUN = re.compile(
    r"(?<![A-Z])(?<![A-Z]/)[A-Z]{2,}(?![A-Z\d]|-\d|/[A-Z]{2})|(?<=\d\s)[A-Z](?=/[A-Z])|(?<=[A-Z]/)[A-Z](?![A-Z])"
    r"|(?<=[\d\"'])X(?![A-Z])|(?<=\d\s)X(?=\s?\d)|(?<=\d\s[A-Z]{2}\s)X(?=\s\d)|(?<=[\d\"']\s)X(?=\s\d)"
)
"""What is written in small letters elsewhere; not MP3, AK-47, 5G, AC/DC."""
_WORD = re.compile(r"(?<![A-Z])[A-Z]{2,}(?![A-Z])")
_KEPT = words("case", "units")
_SHORT = frozenset(
    word.strip(".").upper()
    for name in ("written", "before_names", "before_numbers", "short_names", "streets", "behind_names")
    for word in table(name)
)


def views(text: str) -> Sequence[str]:
    """`text`, or of a text without small letters: in small letters, as it is, and with capitals for names.

    All are as long as the text, so that a match in one of them is a match in the text.
    """
    if _LOWER.search(text) or not _SHOUTED.search(text):
        return (text,)
    return _RUN.sub(_lowered, text), text, _WORD.sub(_titled, text)


def _lowered(match: re.Match[str]) -> str:
    return match[0] if match[0] in _KEPT else match[0].lower()


def _titled(match: re.Match[str]) -> str:
    """NEW YORK, NY as "New York, NY"."""
    written = match[0]
    return written.capitalize() if len(written) > 2 or written in _SHORT else written
