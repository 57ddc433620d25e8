"""Japanese by misaki's kana reader, which the extra `ja` brings.

`misaki.cutlet` is what `misaki.ja` uses by default; importing it directly leaves out pyopenjtalk (340 MB).
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from koe_g2p.extras import load
from koe_g2p.fallback import UNREADABLE

# Kana, kanji and digits; misaki would hand on any other character as it is.
_JAPANESE = "0-9０-９々〆ぁ-ゖ゛-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿ｦ-ﾟ"
_PIECE = re.compile(rf"(?P<native>[{_JAPANESE}]+)|.", re.DOTALL)

# What misaki has no name for: it would say "Number length too long" in its place.
_DIGITWISE = re.compile(r"[0-9]{10,}|0[0-9]+")
_DIGITS = dict(zip("0123456789", "ゼロ いち に さん よん ご ろく なな はち きゅう".split(), strict=True))

# MeCab's tagger keeps its last sentence: one at a time.
_lock = threading.Lock()


@cache
def _cutlet() -> Callable[[str], tuple[str, None]]:
    made: Callable[[str], tuple[str, None]] = load("misaki.cutlet", "Japanese", "ja").Cutlet()
    return made


def japanese(text: str) -> Iterator[tuple[str, str]]:
    """A stretch between punctuation marks, mostly as one part: misaki keeps no word boundaries."""
    for piece in _PIECE.finditer(text):
        if piece["native"]:
            yield piece[0], _phonemes(piece[0])
        else:
            yield piece[0], UNREADABLE if piece[0].isalnum() else ""


def _phonemes(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    readable = _DIGITWISE.sub(lambda match: "".join(_DIGITS[digit] for digit in match[0]), plain)
    with _lock:
        phonemes, _ = _cutlet()(readable)
    return phonemes.strip() or UNREADABLE
