"""Reads documents, and speaks them with engines that tests can predict."""

from typing import Any

import numpy as np
from attrs import frozen
from koe.api import (
    MarkTiming,
    Plugin,
    Samples,
    Segment,
    SpeechRequest,
    Voice,
    VoiceMix,
    WordTiming,
)
from koe.errors import UnknownVoiceError
from koe.settings import Settings
from koe.stages import MarkupContext
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import SAMPLE_RATE, FakeEngine, FakePlugin
from koe_ssml import Ssml, SsmlConfig, SsmlPlugin

VOICES = (
    Voice("ann", "en-US", "female"),
    Voice("bob", "en-GB", "male"),
    Voice("eva", "de-DE", "female"),
    Voice("max", "de-DE", "male"),
)


def find_voice(name: str) -> tuple[VoiceMix, str]:
    found = next((voice for voice in VOICES if voice.name == name), None)
    if found is None:
        raise UnknownVoiceError(f"no voice {name!r}", param="voice")
    return VoiceMix.of(found.name), found.language


CONTEXT = MarkupContext(
    VoiceMix.of("ann"), "en-US", find_voice, lambda: VOICES, lambda tag: tag[:2].lower() in {"en", "de"}
)


def parse(document: str, *, speed: float = 1.0, **config: Any) -> Any:
    request = SpeechRequest(document, markup="ssml", speed=speed)
    return Ssml(SsmlConfig(**config)).parse(request, CONTEXT)


def segments(document: str, **config) -> list[Segment]:
    return [part for part in parse(document, **config).parts if isinstance(part, Segment)]


def texts(document: str, **config) -> list[str]:
    return [segment.text for segment in segments(document, **config)]


def sources(document: str, **config) -> list[tuple[str, str]]:
    """Every character that is spoken but spaces, with what stands in the document for it."""
    return [
        (character, document[span.start : span.end])
        for segment in segments(document, **config)
        for index, character in enumerate(segment.text)
        if not character.isspace()
        for span in [segment.source(index, index + 1)]
    ]


@frozen
class Heard:
    """A document as audio."""

    samples: Samples
    sample_rate: int
    words: tuple[WordTiming, ...]
    marks: tuple[MarkTiming, ...]
    ignored: frozenset[str]
    engine: FakeEngine

    @property
    def seconds(self) -> float:
        return round(len(self.samples) / self.sample_rate, 6)

    @property
    def level_db(self) -> float:
        return 20 * float(np.log10(np.sqrt(np.mean(self.samples**2)) + 1e-12))

    @property
    def phonemes(self) -> str:
        return " ".join(segment.phonemes for segment in self.engine.spoken)

    @property
    def voices(self) -> list[str]:
        return [str(segment.voice) for segment in self.engine.spoken]

    @property
    def languages(self) -> list[str]:
        return [segment.language for segment in self.engine.spoken]

    def frequency_hz(self, start_s: float = 0.0, end_s: float | None = None) -> float:
        """The fundamental frequency, by autocorrelation."""
        end = None if end_s is None else round(end_s * self.sample_rate)
        return fundamental_hz(self.samples[round(start_s * self.sample_rate) : end], self.sample_rate)


def fundamental_hz(samples: Samples, sample_rate: int, low: float = 60, high: float = 1500) -> float:
    """By the first lag at which the samples are almost as like themselves as they ever are; NaN for none."""
    spectrum = np.fft.rfft(samples - samples.mean(), 2 * len(samples))
    alike = np.fft.irfft(np.abs(spectrum) ** 2)[: len(samples)] / np.arange(len(samples), 0, -1)
    first, last = int(sample_rate / high), int(sample_rate / low)
    window = alike[first:last]
    peaks = [
        lag
        for lag in range(1, len(window) - 1)
        if window[lag - 1] < window[lag] >= window[lag + 1] and window[lag] > 0.9 * window.max()
    ]
    if not peaks:
        return float("nan")
    lag = peaks[0] + first
    left, middle, right = alike[lag - 1 : lag + 2]
    return float(sample_rate / (lag + 0.5 * (left - right) / (left - 2 * middle + right)))


async def heard(
    document: str,
    *plugins: Plugin,
    speed: float = 1.0,
    voice: str = "",
    engine: FakeEngine | None = None,
    settings: Settings = FAKE_SETTINGS,
    **config: Any,
) -> Heard:
    """The document spoken by `engine`, or by that of `plugins`."""
    engine = engine or FakeEngine()
    request = SpeechRequest(document, markup="ssml", format="raw", speed=speed, voice=voice)
    ssml = SsmlPlugin(SsmlConfig(**config))
    async with running(ssml, *plugins, FakePlugin(engine), settings=settings) as synthesizer:
        async with synthesizer.speak(request) as speech:
            pieces = [piece async for piece in speech.pieces()]
            ignored, sample_rate = frozenset(speech.ignored), speech.sample_rate
    assert sample_rate == SAMPLE_RATE
    return Heard(
        np.frombuffer(b"".join(piece.data for piece in pieces), np.float32),
        sample_rate,
        tuple(word for piece in pieces for word in piece.words),
        tuple(mark for piece in pieces for mark in piece.marks),
        ignored,
        engine,
    )
