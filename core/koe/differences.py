"""What a library changed that returns a whole text anew: written and spoken form are compared by words."""

import difflib
import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from koe.alignment import Span
from koe.edits import Edit

_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0981-\u0dff\u200c\u200d"
_TOKEN = re.compile(rf"\d+|[\u3040-\u30ff\u4e00-\u9fff]|(?:[^\W\d_]|[{_MARKS}])+|\S")
"""Numbers, words with the marks of their script, single characters of scripts without spaces, symbols."""
_SPEAKABLE = re.compile(r"\w|[^\w\s.,;:!?'\"`´“”‘’„«»()\[\]{}\-–—…/\\]")
"""What is heard: anything but plain punctuation."""


def differences(written: str, spoken: str) -> list[Edit]:
    """The edits that make `spoken` out of `written`, without those that no one hears.

    Left out are changes of case, spaces and plain punctuation alone. Words that are only in `spoken` belong
    to the word before them ("million dollars" to "million" of "$5 million").
    """
    before, after = _Tokens.of(written), _Tokens.of(spoken)
    matcher = difflib.SequenceMatcher(None, before.lower, after.lower, autojunk=False)
    edits: list[Edit] = []
    for kind, low, high, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        new = after.covering(first, last)
        if low == high:
            _insert(edits, before, low, new)
        elif _SPEAKABLE.search(before.covering(low, high) + new):
            edits += _replaced(before, low, high, new)
    return edits


@frozen
class _Tokens:
    text: str
    spans: Sequence[Span]
    lower: Sequence[str]

    @classmethod
    def of(cls, text: str) -> "_Tokens":
        found = list(_TOKEN.finditer(text))
        return cls(text, [Span(*one.span()) for one in found], [one[0].lower() for one in found])

    def covering(self, low: int, high: int) -> str:
        """The text from the first to the last of the tokens `[low, high)`."""
        return self.text[self.spans[low].start : self.spans[high - 1].end] if low < high else ""


def _insert(edits: list[Edit], before: _Tokens, place: int, new: str) -> None:
    """Have `new`, which stands between the tokens `place - 1` and `place`, said with one of them."""
    if not before.spans or not _SPEAKABLE.search(new):
        return
    span = before.spans[max(0, place - 1)]
    written = before.text[span.start : span.end]
    if edits and edits[-1].start == span.start:
        written = edits.pop().text or ""
    elif not _SPEAKABLE.search(written):
        written = ""
    said = f"{written} {new}" if place else f"{new} {written}"
    edits.append(Edit(span.start, span.end, said if written else f" {new} "))


def _replaced(before: _Tokens, low: int, high: int, new: str) -> Iterator[Edit]:
    """One edit; word by word where there are as many words on both sides."""
    start, end = before.spans[low].start, before.spans[high - 1].end
    words = list(re.finditer(r"\S+", before.text[start:end]))
    said = new.split()
    if len(words) != len(said):
        yield Edit(start, end, new)
        return
    for word, saying in zip(words, said, strict=True):
        if word[0].lower() != saying.lower():
            yield Edit(start + word.start(), start + word.end(), saying)
