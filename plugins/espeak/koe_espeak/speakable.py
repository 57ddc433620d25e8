"""Text that is safe to hand to espeak-ng, with a way back to the offsets of the original."""

import re
import unicodedata
from bisect import bisect_right
from itertools import pairwise

from attrs import frozen

# Control characters (NUL ends a C string, 0x01 starts an embedded command), unpaired surrogates, and the
# private characters that espeak-ng uses for raw control characters. Each becomes a space.
_UNSPEAKABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ue000-\ue1ff]")
# espeak-ng forgets what lies beyond about 200 phonemes or 160 bytes of one word: such words are cut.
_LONGEST_WORD = 50
_NO_WORD = r"\s!-/:-@\[-`{-~\u2010-\u2027\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"
_LONG_WORD = re.compile(rf"[^{_NO_WORD}]{{{_LONGEST_WORD + 1},}}")


@frozen
class Speakable:
    """The text for espeak-ng.

    Attributes:
        text: without control characters and overlong words, valid as UTF-8.
        inserted: where spaces were put into it, in ascending order.
    """

    text: str
    inserted: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Speakable":
        plain = _UNSPEAKABLE.sub(" ", text)
        cuts = [cut for match in _LONG_WORD.finditer(plain) for cut in _cuts(plain, *match.span())]
        bounds = [0, *cuts, len(plain)]
        pieces = [plain[start:end] for start, end in pairwise(bounds)]
        return cls(" ".join(pieces), tuple(cut + index for index, cut in enumerate(cuts)))

    def original(self, position: int) -> int:
        """The offset in the original text of `text[position]`."""
        return position - bisect_right(self.inserted, position - 1)


def _cuts(text: str, start: int, end: int) -> list[int]:
    cuts = []
    while end - start > _LONGEST_WORD:
        start = _before_marks(text, start + 1, start + _LONGEST_WORD)
        cuts.append(start)
    return cuts


def _before_marks(text: str, lowest: int, cut: int) -> int:
    """The last place up to `cut` that does not part a letter from its marks."""
    place = cut
    while place > lowest and unicodedata.category(text[place]) in {"Mn", "Mc", "Me", "Cf"}:
        place -= 1
    return place if place > lowest else cut
