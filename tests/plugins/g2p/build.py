"""Phonemizers to test, as the core would set them up."""

from koe.alignment import Alignment
from koe.stages import Phonemizer
from koe.types import GivenPhonemes, Segment, VoiceMix
from koe_espeak.config import EspeakConfig
from koe_espeak.files import EspeakFiles
from koe_espeak.owner import Espeak
from koe_espeak.phonemizer import EspeakPhonemizer
from koe_g2p import G2pConfig, MisakiPhonemizer


def misaki(config: G2pConfig | None = None, *, fallbacks: list[Phonemizer] | None = None) -> MisakiPhonemizer:
    """`misaki` with espeak behind it, or with `fallbacks`."""
    phonemizer = MisakiPhonemizer(G2pConfig() if config is None else config)
    phonemizer.use_fallbacks([espeak()] if fallbacks is None else fallbacks)
    return phonemizer


def espeak() -> EspeakPhonemizer:
    return EspeakPhonemizer(Espeak(lambda: EspeakFiles.of(EspeakConfig())))


def to_phonemize(text: str, language: str = "en-US", given: tuple[GivenPhonemes, ...] = ()) -> Segment:
    return Segment(text, VoiceMix.of("any"), language, alignment=Alignment.verbatim(len(text)), given=given)


def phonemes(phonemizer: Phonemizer, text: str, language: str = "en-US") -> list[str]:
    return [word.phonemes for word in phonemizer.phonemize(to_phonemize(text, language)) if word.text]


def spoken(phonemizer: Phonemizer, text: str, language: str = "en-US") -> str:
    """All that the engine would see."""
    words = phonemizer.phonemize(to_phonemize(text, language))
    return "".join(word.phonemes + word.tail for word in words)
