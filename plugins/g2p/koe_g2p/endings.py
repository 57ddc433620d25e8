"""The sounds of the endings -s, -ed and -ing behind a stem."""

from attrs import frozen

from koe_g2p.lexicon import Accent

_VOICELESS_BEFORE_S = frozenset("ptkfθ")
_SIBILANTS = frozenset("szʃʒʧʤ")
_VOICELESS_BEFORE_D = frozenset("pkfθʃsʧ")
_FLAPPED_AFTER = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
"""The sounds behind which an American t before an ending becomes a flap."""


@frozen
class Endings:
    """Each takes a stem's phonemes; None where there are none, or where the spelling does not tell."""

    accent: Accent

    def s(self, stem: str | None) -> str | None:
        if not stem:
            return None
        if stem[-1] in _VOICELESS_BEFORE_S:
            return stem + "s"
        return f"{stem}{self._weak_vowel}z" if stem[-1] in _SIBILANTS else stem + "z"

    def ed(self, stem: str | None) -> str | None:
        if not stem:
            return None
        if stem[-1] in _VOICELESS_BEFORE_D:
            return stem + "t"
        if stem[-1] not in "td":
            return stem + "d"
        return f"{self._flapped(stem)}{self._weak_vowel}d"

    def ing(self, stem: str | None) -> str | None:
        if not stem or (self.accent == "british" and stem[-1] in "əː"):
            return None  # British stems in -er and -re have an r that only the next vowel brings out
        return self._flapped(stem) + "ɪŋ"

    @property
    def _weak_vowel(self) -> str:
        return "ᵻ" if self.accent == "american" else "ɪ"

    def _flapped(self, stem: str) -> str:
        flaps = self.accent == "american" and stem[-1] == "t" and stem[-2:-1] in _FLAPPED_AFTER
        return stem[:-1] + "ɾ" if flaps else stem
