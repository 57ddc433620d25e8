"""The engine `espeak`: the embedded voice, which speaks without any download."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from koe.api import (
    AudioChunk,
    Cancellation,
    Engine,
    EngineInfo,
    EngineRuntime,
    EngineUnavailableError,
    PhonemeSegment,
    UnknownVoiceError,
    UnsupportedLanguageError,
    Voice,
    WordTiming,
)

from koe_espeak.config import EspeakConfig
from koe_espeak.library import Tuning
from koe_espeak.owner import Espeak
from koe_espeak.pace import RATE_RANGE, at_rate
from koe_espeak.process import GivenUpError
from koe_espeak.sound import OUTPUT_RATE, REVISION, resampled, word_times
from koe_espeak.speakable import Speakable
from koe_espeak.synthesis import Synthesis
from koe_espeak.variants import OPENAI_ALIASES, Voices
from koe_espeak.words import place, split_words


@frozen
class _Opened:
    version: str
    digest: str
    voices: Voices
    listed: tuple[Voice, ...]


class EspeakEngine(Engine):
    """espeak-ng as a voice: every language it has, with any of its variants (`de+f2`).

    Equal segments give equal samples, whatever was spoken before, where the platform really unloads
    libraries (Linux with glibc and Windows do).
    """

    name = "espeak"
    accepts = "text"
    rate_range = RATE_RANGE
    times_words = True

    def __init__(self, config: EspeakConfig, espeak: Espeak) -> None:
        self._config = config
        self._espeak = espeak
        self._opened: _Opened | None = None

    def missing(self) -> str | None:
        """Why the library cannot be loaded, found out by loading it."""
        try:
            self._espeak.version()
        except EngineUnavailableError as error:
            return error.message
        finally:
            if self._opened is None:
                self._espeak.close()
        return None

    def open(self, runtime: EngineRuntime) -> None:  # noqa: ARG002 - ONNX Runtime has no part in it
        """Load the library and read its voices. Raises `EngineUnavailableError`."""
        try:
            voices = Voices.of(self._espeak.voices(), self._espeak.variants())
            digest = self._espeak.files().digest()
            self._opened = _Opened(self._espeak.version(), digest, voices, tuple(voices.listed()))
        except BaseException:
            self._espeak.close()
            raise

    def close(self) -> None:
        self._opened = None
        self._espeak.close()

    def info(self) -> EngineInfo:
        state = self._state()
        return EngineInfo(
            self.name,
            OUTPUT_RATE,
            model=f"espeak-ng {state.version}",
            execution_provider="cpu",
            detail={"version": state.version, "pitch": self._config.pitch, "word_gap": self._config.word_gap},
        )

    def voices(self) -> Sequence[Voice]:
        return self._state().listed

    def find_voice(self, name: str) -> Voice | None:
        voice = self._state().voices.find(name)
        return None if voice is None else voice.described()

    @property
    def aliases(self) -> Mapping[str, str]:
        return OPENAI_ALIASES

    def speaks(self, language: str) -> bool:
        return self._state().voices.languages.find(language) is not None

    @property
    def fingerprint(self) -> str:
        state = self._state()
        settings = f"pitch={self._config.pitch}/word_gap={self._config.word_gap}"
        return f"espeak-ng/{state.version}/{state.digest}/r{REVISION}/{settings}"

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        """Speak `segment.text` as plain text; text without any sound gives an empty chunk.

        Raises:
            UnknownVoiceError: there is no such voice.
            UnsupportedLanguageError: espeak-ng does not speak the segment's language.
        """
        identifier = self._identifier(segment)
        speakable = Speakable.of(segment.text)

        def stop() -> bool:
            return cancellation.cancelled

        def speak(wpm: int) -> Synthesis:
            cancellation.check()
            tuning = Tuning(wpm, self._config.pitch, self._config.word_gap)
            return Synthesis.of(self._espeak.speak(identifier, speakable.text, tuning, stop))

        try:
            synthesis = at_rate(segment.prosody.rate, speak)
        except GivenUpError:
            cancellation.check()
            raise
        cancellation.check()
        if not synthesis.clauses:
            return AudioChunk(np.zeros(0, dtype=np.float32), OUTPUT_RATE)
        words = _timings(segment, speakable, synthesis)
        return AudioChunk(resampled(synthesis.samples), OUTPUT_RATE, words)

    def _identifier(self, segment: PhonemeSegment) -> str:
        voices = self._state().voices
        voice = None if segment.voice.name is None else voices.find(segment.voice.name)
        if voice is None:
            raise UnknownVoiceError(f"espeak-ng has no voice {str(segment.voice)!r}", param="voice")
        identifier = voice.identifier(voices.languages, segment.language)
        if identifier is None:
            raise UnsupportedLanguageError(
                f"espeak-ng does not speak the language {segment.language!r}", param="language"
            )
        return identifier

    def _state(self) -> _Opened:
        if self._opened is None:
            raise EngineUnavailableError("The engine 'espeak' is not open: call `open` before using it")
        return self._opened


def _timings(segment: PhonemeSegment, speakable: Speakable, synthesis: Synthesis) -> tuple[WordTiming, ...]:
    text = segment.text
    spoken = [(speakable.original(position), times) for position, times in word_times(synthesis)]
    return tuple(
        WordTiming(
            text[word.span.start : word.span.end],
            word.spoken[0][0],
            word.spoken[-1][1],
            segment.alignment.source(word.span.start, word.span.end),
        )
        for word in place(text, split_words(text), spoken)
        if word.spoken
    )
