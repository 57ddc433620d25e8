"""Small components with a behaviour that tests can predict."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from attrs import define, field

from koe.api import (
    AudioChunk,
    AudioFormat,
    Cancellation,
    Encoder,
    Engine,
    EngineInfo,
    EngineRuntime,
    PhonemeSegment,
    PhonemeWord,
    Phonemizer,
    Plugin,
    Samples,
    Segment,
    StreamInfo,
    Voice,
    WordTiming,
    hookimpl,
)

SAMPLE_RATE = 24_000
SECONDS_PER_SYMBOL = 0.05


class LetterPhonemizer(Phonemizer):
    """Every letter is its own phoneme, in lower case; anything else goes to the word's tail."""

    name = "letters"

    def __init__(self, languages: Iterable[str] = ("en",)) -> None:
        self.languages = frozenset(languages)

    def supports(self, language: str) -> bool:
        return language.partition("-")[0] in self.languages

    def phonemize(self, segment: Segment) -> Sequence[PhonemeWord]:
        words: list[PhonemeWord] = []
        position = 0
        for token in segment.text.split():
            start = segment.text.index(token, position)
            position = start + len(token)
            core = token.rstrip(".,;:!?")
            tail = token[len(core) :] + (" " if position < len(segment.text) else "")
            words.append(PhonemeWord(core, core.lower(), tail, segment.source(start, start + len(core))))
        return words


@define(eq=False)
class FakeEngine(Engine):
    """Speaks a tone for 0.05 s a phoneme symbol, whose pitch is the symbol's, divided by the rate.

    `before` is called in the inference thread with every segment: tests hold an inference there, or raise.
    """

    name: str = "fake"
    before: Callable[[PhonemeSegment, Cancellation], None] | None = None
    reason_missing: str | None = None
    known: frozenset[str] | None = None
    spoken: list[PhonemeSegment] = field(factory=list, repr=False)
    opened: int = 0
    closed: int = 0
    running: int = 0
    most_running: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)

    max_phonemes: ClassVar[int | None] = 510
    rate_range: tuple[float, float] = (0.5, 2.0)
    mixes: ClassVar[bool] = True
    times_words: bool = True

    def missing(self) -> str | None:
        return self.reason_missing

    def open(self, runtime: EngineRuntime) -> None:  # noqa: ARG002 - it needs nothing
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def info(self) -> EngineInfo:
        return EngineInfo(self.name, SAMPLE_RATE, model="fake", precision="fp32", execution_provider="cpu")

    def voices(self) -> Sequence[Voice]:
        return [
            Voice("ann", "en-US", "female"),
            Voice("bob", "en-GB", "male"),
            Voice("eva", "de-DE", "female"),
        ]

    @property
    def aliases(self) -> Mapping[str, str]:
        return {"alloy": "ann", "onyx": "bob"}

    @property
    def vocabulary(self) -> frozenset[str] | None:
        return self.known

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        with self._lock:
            self.spoken.append(segment)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            if self.before is not None:
                self.before(segment, cancellation)
            cancellation.check()
            return _chunk(segment)
        finally:
            with self._lock:
                self.running -= 1

    @property
    def fingerprint(self) -> str:
        return "fake-1"


class RawFormat(AudioFormat):
    """float32 samples as they are."""

    name = "raw"
    media_type = "application/octet-stream"
    extension = "raw"
    lossless = True

    def open(self, info: StreamInfo) -> Encoder:  # noqa: ARG002 - it needs nothing
        return _RawEncoder()


class _RawEncoder(Encoder):
    def feed(self, chunk: AudioChunk) -> bytes:
        return chunk.samples.tobytes()

    def flush(self) -> bytes:
        return b""


class FakePlugin(Plugin):
    """Registers the fake engine, the letter phonemizer and the raw format."""

    def __init__(self, engine: FakeEngine | None = None) -> None:
        super().__init__()
        self.engine = engine or FakeEngine()

    @hookimpl
    def register_engines(self) -> Iterable[Engine]:
        return [self.engine]

    @hookimpl
    def register_phonemizers(self) -> Iterable[Phonemizer]:
        return [LetterPhonemizer(("en", "de"))]

    @hookimpl
    def register_formats(self) -> Iterable[AudioFormat]:
        return [RawFormat()]


def symbol_samples(symbol: str, rate: float = 1.0) -> Samples:
    """The tone that `FakeEngine` speaks for one phoneme symbol."""
    count = round(SECONDS_PER_SYMBOL * SAMPLE_RATE / rate)
    pitch_hz = 200 + 10 * (ord(symbol) % 64)
    return (0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(count) / SAMPLE_RATE)).astype(np.float32)


def _chunk(segment: PhonemeSegment) -> AudioChunk:
    rate = segment.prosody.rate
    parts: list[Samples] = [np.zeros(0, np.float32)]
    timings: list[WordTiming] = []
    position = 0
    for word in segment.words:
        start = position
        for symbol in word.phonemes:
            parts.append(symbol_samples(symbol, rate))
            position += len(parts[-1])
        timings.append(WordTiming(word.text, start / SAMPLE_RATE, position / SAMPLE_RATE, word.source))
        for symbol in word.tail:
            parts.append(np.zeros_like(symbol_samples(symbol, rate)))
            position += len(parts[-1])
    return AudioChunk(np.concatenate(parts), SAMPLE_RATE, tuple(timings))


__all__ = ["FakeEngine", "FakePlugin", "LetterPhonemizer", "RawFormat", "symbol_samples"]
