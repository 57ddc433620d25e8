"""IPA as people write it, in the symbols that Kokoro was trained on.

Diphthongs and affricates are one symbol, stress stands right before the vowel, and it is `ɡ` and `ɹ`. What
an engine has no symbol for is refused later.
"""

import re
from collections.abc import Mapping

_EVERYWHERE: Mapping[str, str] = {
    "\u0361": "", "\u035c": "", ".": "", "‿": "", "\u032f": "",
    "t͡ʃ": "ʧ", "d͡ʒ": "ʤ", "t͡s": "ʦ", "d͡z": "ʣ", "tʃ": "ʧ", "dʒ": "ʤ",
    "g": "ɡ", "'": "ˈ", "’": "ˈ", ":": "ː", "ɫ": "l", "ʍ": "w",
}  # fmt: skip
_ENGLISH: Mapping[str, str] = {
    "eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "oʊ": "O", "r": "ɹ", "x": "k",
    "ɝː": "ɜɹ", "ɝ": "ɜɹ", "ɚ": "əɹ", "e": "ɛ", "a": "æ", "o": "ɔ", "ʰ": "",
    "l̩": "ᵊl", "n̩": "ᵊn", "m̩": "ᵊm",
}  # fmt: skip
_AMERICAN: Mapping[str, str] = {
    "əʊ": "O", "ɜːɹ": "ɜɹ", "ɜːr": "ɜɹ", "ɜː": "ɜɹ", "ɒ": "ɑ", "ɾ": "T",
    "ɪə": "ɪɹ", "eə": "ɛɹ", "ʊə": "ʊɹ", "ː": "",
}  # fmt: skip
_BRITISH: Mapping[str, str] = {"əʊ": "Q", "oʊ": "Q", "eə": "ɛː", "ɛə": "ɛː", "ɜːr": "ɜːɹ"}

_VOWELS = "AIOQWYaeiouyæɑɐɒɔəɚɛɜɪʊʌᵊᵻøœɨ"
_STRESS_EARLY = re.compile(rf"([ˈˌ])([^ˈˌ\s{_VOWELS}]+)(?=[{_VOWELS}])")


def _replacer(*tables: Mapping[str, str]) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """All replacements at once, the longest first, so that none sees what another one made."""
    table = {before: after for one in tables for before, after in one.items()}
    longest_first = sorted(table, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), table


_TABLES = {
    "en-us": _replacer(_EVERYWHERE, _ENGLISH, _AMERICAN),
    "en-gb": _replacer(_EVERYWHERE, _ENGLISH, _BRITISH),
    "": _replacer(_EVERYWHERE),
}


def kokoro_symbols(ipa: str, language: str) -> str:
    """IPA in Kokoro's symbols; symbols that it has no word for stay as they are."""
    tag = language.lower()
    english = tag.partition("-")[0] == "en"
    british = english and tag.partition("-")[2] in {"gb", "au", "nz", "ie", "in", "za"}
    pattern, table = _TABLES["en-gb" if british else "en-us" if english else ""]
    symbols = pattern.sub(lambda match: table[match[0]], " ".join(ipa.split()))
    return _STRESS_EARLY.sub(r"\2\1", symbols) if english else symbols
