"""Builders for the tests of the plugin `espeak`."""

from koe.api import (
    Alignment,
    AudioChunk,
    Cancellation,
    EngineRuntime,
    GivenPhonemes,
    PhonemeSegment,
    Prosody,
    Segment,
    VoiceMix,
)
from koe_espeak import EspeakConfig, EspeakEngine, EspeakPhonemizer
from koe_espeak.files import EspeakFiles
from koe_espeak.owner import Espeak

DEFAULTS = EspeakConfig()


def espeak(config: EspeakConfig = DEFAULTS) -> Espeak:
    return Espeak(lambda: EspeakFiles.of(config))


def new_phonemizer(config: EspeakConfig = DEFAULTS) -> EspeakPhonemizer:
    return EspeakPhonemizer(espeak(config))


def new_engine(config: EspeakConfig = DEFAULTS) -> EspeakEngine:
    return EspeakEngine(config, espeak(config))


def opened_engine(config: EspeakConfig = DEFAULTS) -> EspeakEngine:
    engine = new_engine(config)
    engine.open(EngineRuntime())
    return engine


def to_phonemize(text: str, language: str = "en-US", given: tuple[GivenPhonemes, ...] = ()) -> Segment:
    return Segment(text, VoiceMix.of("any"), language, given=given)


def to_speak(
    text: str, voice: str = "en-us", language: str = "en-US", rate: float = 1.0, source_start: int = 0
) -> PhonemeSegment:
    alignment = Alignment.verbatim(len(text), source_start)
    return PhonemeSegment(text, (), VoiceMix.of(voice), language, Prosody(rate), alignment=alignment)


def speak(engine: EspeakEngine, text: str, *args: str, **options: float) -> AudioChunk:
    return engine.infer(to_speak(text, *args, **options), Cancellation())  # type: ignore[arg-type]
