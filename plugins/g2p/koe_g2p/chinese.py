"""Chinese by `misaki.zh`, which the extra `zh` brings: jieba's words, pinyin, and tones as arrows."""

import re
import threading
from functools import cache
from typing import Any

from attrs import frozen

from koe_g2p.extras import load
from koe_g2p.fallback import UNREADABLE
from koe_g2p.readings import Parts

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:%|[年月日号])?"
_PIECE = re.compile(rf"[\u4e00-\u9fff]+|{_NUMBER}|.", re.DOTALL)
_MOST_DIGITS = 16  # of cn2an
_DIGITS = dict(zip("0123456789.", "零一二三四五六七八九点", strict=True))
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_BELOW = "\u032f"  # the mark of a non-syllabic vowel, which misaki leaves out

_lock = threading.Lock()


@frozen
class _Libraries:
    jieba: Any
    cn2an: Any
    g2p: Any


@cache
def _libraries() -> _Libraries:
    found = _Libraries(*(load(name, "Chinese", "zh") for name in ("jieba", "cn2an", "misaki.zh")))
    found.jieba.setLogLevel("ERROR")
    found.jieba.initialize()
    return found


def chinese(text: str) -> Parts:
    """The words of a stretch between punctuation marks."""
    with _lock:
        libraries = _libraries()
    return [part for piece in _PIECE.findall(text) for part in _piece(libraries, piece)]


def _piece(libraries: _Libraries, piece: str) -> Parts:
    if _HAN.match(piece):
        return [(word, _ipa(libraries, word)) for word in libraries.jieba.lcut(piece, cut_all=False)]
    if piece[0].isascii() and piece[0].isdigit():
        return [(piece, _ipa(libraries, _spoken(libraries, piece.replace(",", ""))))]
    return [(piece, UNREADABLE if piece.isalnum() else "")]


def _spoken(libraries: _Libraries, number: str) -> str:
    """The number in Chinese; digit by digit where it is too long for a name."""
    zeros = number.startswith("0") and number[1:2].isdigit()
    if zeros or max(map(len, re.findall("[0-9]+", number))) > _MOST_DIGITS:
        digits = "".join(_DIGITS.get(character, character) for character in number)
        return f"百分之{digits[:-1]}" if digits.endswith("%") else digits
    return "".join(_HAN.findall(libraries.cn2an.transform(number, "an2cn")))


def _ipa(libraries: _Libraries, word: str) -> str:
    try:
        ipa: str = libraries.g2p.ZHG2P.word2ipa(word)
    except ValueError:  # a character without pinyin
        return UNREADABLE
    return ipa.replace(_BELOW, "")
