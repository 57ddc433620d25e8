"""The engine `kokoro`: Kokoro-82M on ONNX Runtime."""

import threading
from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from koe.cancellation import Cancellation
from koe.errors import EngineUnavailableError, ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.files import ModelFiles, locate
from koe.kokoro.fingerprint import fingerprint, precision
from koe.kokoro.model import Model
from koe.kokoro.timing import SAMPLE_RATE, word_timings
from koe.kokoro.vocabulary import load_vocabulary, tokens
from koe.kokoro.voice_facts import PREFERRED_DEFAULT, describe, openai_aliases
from koe.kokoro.voices import ROWS, VoiceTables, load_voices
from koe.stages import Engine, EngineRuntime
from koe.types import AudioChunk, EngineInfo, PhonemeSegment, Voice, VoiceMix

_SPEEDS = (0.5, 2.0)
_NO_SPEEDS = (1.0, 1.0)


@frozen
class _Loaded:
    files: ModelFiles
    model: Model
    vocabulary: Mapping[str, int]
    tables: VoiceTables
    voices: tuple[Voice, ...]


class KokoroEngine(Engine):
    """Speaks IPA with Kokoro's voices and their weighted mixes, at 24 kHz.

    `rate_range` is 0.5 to 2.0; for exports whose speed input is an integer it is 1.0 alone, so that the
    core stretches what they would round.

    Equal segments have equal lengths and word times, but not equal samples: the released models mix noise
    into voiced sound, anew in every run.
    """

    name = "kokoro"
    max_phonemes: ClassVar[int | None] = ROWS
    mixes: ClassVar[bool] = True
    rate_range = _SPEEDS

    def __init__(self, config: KokoroConfig) -> None:
        self._config = config
        self._loaded: _Loaded | None = None
        self._fingerprint = ""
        self._lock = threading.Lock()

    def missing(self) -> str | None:
        try:
            locate(self._config)
        except ModelFileError as error:
            return str(error)
        return None

    def open(self, runtime: EngineRuntime) -> None:
        files = locate(self._config)
        tables = load_voices(files.voices)
        voices = self._order(tables, files)
        model = Model.open(files.model, runtime)
        vocabulary = load_vocabulary(model.metadata, files.model, files.vocabulary)
        model.probe(tables.style(VoiceMix.of(voices[0].name), 1))
        self.rate_range = _SPEEDS if model.signature.continuous_speed else _NO_SPEEDS
        self._fingerprint = ""
        self._loaded = _Loaded(files, model, vocabulary, tables, voices)

    def close(self) -> None:
        self._loaded = None

    def info(self) -> EngineInfo:
        loaded = self._require()
        signature = loaded.model.signature
        return EngineInfo(
            self.name,
            SAMPLE_RATE,
            model=loaded.files.model.name,
            precision=precision(loaded.files.model),
            execution_provider=loaded.model.opened.provider,
            detail={
                "threads": loaded.model.opened.threads,
                "word_timings": signature.duration is not None,
                "speed_type": str(signature.speed_type),
                "voices": len(loaded.voices),
            },
        )

    def voices(self) -> Sequence[Voice]:
        return self._require().voices

    @property
    def aliases(self) -> Mapping[str, str]:
        return openai_aliases(self._require().tables.tables)

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self._require().vocabulary)

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        """Speak one segment; its words have times where the export reports durations.

        Raises:
            CancelledByCallerError: the work was cancelled; a run that has begun is aborted.
            KoeError: symbols outside the vocabulary, more than 510 of them, an unknown voice, or a model
                whose output is no speech.
        """
        loaded = self._require()
        ids = tokens(segment.phonemes, loaded.vocabulary, ROWS)
        style = loaded.tables.style(segment.voice, len(ids))
        spoken = loaded.model.run(ids, style, segment.prosody.rate, cancellation)
        words = () if spoken.frames is None else word_timings(segment.words, spoken.frames)
        return AudioChunk(spoken.samples, SAMPLE_RATE, words)

    @property
    def fingerprint(self) -> str:
        loaded = self._require()
        with self._lock:
            if not self._fingerprint:
                settings = f"{precision(loaded.files.model)} {loaded.model.signature.speed_type}"
                self._fingerprint = fingerprint(
                    loaded.files.model, loaded.vocabulary, loaded.tables, settings
                )
            return self._fingerprint

    def _order(self, tables: VoiceTables, files: ModelFiles) -> tuple[Voice, ...]:
        """The voices with the default first."""
        names = list(tables.tables)
        default = self._config.default_voice or (
            PREFERRED_DEFAULT if PREFERRED_DEFAULT in names else names[0]
        )
        if default not in names:
            raise ModelFileError(
                f"{files.voices} has no voice {default!r}, the default_voice of the Kokoro engine; "
                f"it has {', '.join(names)}",
                param="default_voice",
            )
        names.sort(key=lambda name: name != default)
        return tuple(describe(name) for name in names)

    def _require(self) -> _Loaded:
        if self._loaded is None:
            raise EngineUnavailableError("The Kokoro engine is not open")
        return self._loaded
