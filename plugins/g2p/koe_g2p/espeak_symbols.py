"""espeak-ng's IPA in the symbols that Kokoro was trained on: misaki's E2M tables."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from koe_g2p.lexicon import Accent

TIE = "\u0361"
_SYLLABIC = "\u0329"
_NASAL = "\u0303"
_SYLLABIC_CONSONANT = re.compile(rf"(\S){_SYLLABIC}")

# In the order in which they are applied; the letters of one sound stand with a tie.
_ENGLISH = (
    (f"ʔˌn{_SYLLABIC}", "ʔn"),
    (f"ʔn{_SYLLABIC}", "ʔn"),
    ("a͡ɪ", "I"),
    ("a͡ʊ", "W"),
    ("d͡ʒ", "ʤ"),
    ("e͡ɪ", "A"),
    ("t͡ʃ", "ʧ"),
    ("ɔ͡ɪ", "Y"),
    ("ə͡l", "ᵊl"),
    ("ʲo", "jo"),
    ("ʲə", "jə"),
    ("ʲ", ""),
    ("ɚɹ", "əɹ"),
    ("ɚ", "əɹ"),
    ("r", "ɹ"),
    ("x", "k"),
    ("ç", "k"),
    ("ɐ", "ə"),
    ("ɬ", "l"),
    (_NASAL, ""),
)
_AMERICAN = (("o͡ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪ͡ə", "iə"), ("ɪə", "iə"), ("ː", ""))
_BRITISH = (("e͡ə", "ɛː"), ("i͡ə", "ɪə"), ("iə", "ɪə"), ("ə͡ʊ", "Q"))
# A bare e is a diphthong only where "e͡ə" has been read.
_LAST = (("e", "A"), ("o", "ɔ"), ("ɾ", "T"), ("ʔ", "t"), (TIE, ""))
_OF: Mapping[Accent, tuple[tuple[str, str], ...]] = MappingProxyType(
    {"american": (*_ENGLISH, *_AMERICAN), "british": (*_ENGLISH, *_BRITISH)}
)

_OTHER = (
    ("a͡ɪ", "I"),
    ("a͡ʊ", "W"),
    ("d͡z", "ʣ"),
    ("d͡ʒ", "ʤ"),
    ("e͡ɪ", "A"),
    ("o͡ʊ", "O"),
    ("ə͡ʊ", "Q"),
    ("s͡s", "S"),
    ("t͡s", "ʦ"),
    ("t͡ʃ", "ʧ"),
    ("ɔ͡ɪ", "Y"),
    (TIE, ""),
    ("-", ""),
)
# espeak-ng's letters for sounds that the model has under another letter.
_NEAREST = (
    ("g", "ɡ"),
    ("ʱ", "ʰ"),
    ("ɫ", "l"),
    ("ɬ", "l"),
    ("ɮ", "l"),
    ("ɓ", "b"),
    ("ɗ", "d"),
    ("ɠ", "ɡ"),
    ("ɦ", "h"),
    ("ħ", "h"),
    ("ʉ", "u"),
    ("ʏ", "y"),
    ("ɘ", "ə"),
    ("ɝ", "ɜɹ"),
    ("ɞ", "ɜ"),
    ("ɱ", "m"),
    ("ɶ", "œ"),
    ("ʍ", "w"),
    ("ʑ", "ʒ"),
    ("ʐ", "ʒ"),
    ("ɺ", "ɾ"),
    ("ʷ", "w"),
    ("ʕ", ""),
    ("ˤ", ""),
    ("ˠ", ""),
    ("ʼ", ""),
    ("ˑ", ""),
    ("ʀ", "ʁ"),
    ("ɭ", "l"),
    ("ɵ", "ø"),
    ("\u032a", ""),
    (_SYLLABIC, ""),
)


def from_english(ipa: str, accent: Accent, *, tied: bool) -> str:
    """One English word's IPA, as espeak-ng says it, in misaki's symbols.

    `tied`: whether U+0361 stands between the letters of one sound; if not, letters that mostly are one
    sound are taken for it.
    """
    mapped = _replaced(ipa, _OF[accent] if tied else _untied(_OF[accent]))
    mapped = _SYLLABIC_CONSONANT.sub(r"ᵊ\1", mapped).replace(_SYLLABIC, "")
    return _replaced(mapped, (*_LAST, *_NEAREST))


def from_other(ipa: str, *, tied: bool) -> str:
    """The IPA of another language's word, as espeak-ng says it, in misaki's symbols."""
    return _replaced(ipa, (*(_OTHER if tied else _untied(_OTHER)), *_NEAREST))


def _replaced(ipa: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        ipa = ipa.replace(old, new)
    return ipa


def _untied(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs for IPA without ties: "əl" is as often two sounds, so it stays."""
    return [(old.replace(TIE, ""), new) for old, new in pairs if old not in {TIE, "ə͡l"}]
