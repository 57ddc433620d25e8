"""The engine `clips`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import define, field
from koe.api import (
    AudioChunk,
    Cancellation,
    Engine,
    EngineInfo,
    EngineRuntime,
    EngineUnavailableError,
    InvalidRequestError,
    ModelFileError,
    PhonemeSegment,
    Samples,
    Span,
    UnknownVoiceError,
    Voice,
    WordTiming,
)

from koe_clips.config import ClipsConfig
from koe_clips.voices import MANIFEST, ClipVoice, load_voice, voice_folders
from koe_clips.words import Step, steps

REVISION = 1
"""Counts up whenever the same clips and settings sound different (see `Engine.fingerprint`)."""
_MOST_NAMED = 10
"""Words in one error message."""


class ClipsEngine(Engine):
    """Reads text, and plays a recorded clip for each word or phrase. Rate and pitch are left to the core."""

    name = "clips"
    accepts = "text"
    times_words = True

    def __init__(self, config: ClipsConfig) -> None:
        self._config = config
        self._opened: Mapping[str, ClipVoice] | None = None

    def missing(self) -> str | None:
        folder = Path(self._config.folder).expanduser()
        if voice_folders(folder):
            return None
        return (
            f"{folder.absolute()} holds no voice: a folder with a {MANIFEST} and WAV files; let "
            f"plugins.clips.folder name the folder that holds the voices' folders"
        )

    def open(self, runtime: EngineRuntime) -> None:  # noqa: ARG002 - ONNX Runtime has no part in it
        """Read all clips of all voices. Raises `ModelFileError`."""
        reason = self.missing()
        if reason is not None:
            raise ModelFileError(reason)
        folders = voice_folders(Path(self._config.folder).expanduser())
        self._opened = {folder.name: load_voice(folder, self._config.sample_rate) for folder in folders}

    def close(self) -> None:
        self._opened = None

    def info(self) -> EngineInfo:
        clips = sum(len(voice.clips) for voice in self._voices.values())
        return EngineInfo(
            self.name,
            self._config.sample_rate,
            model="clips",
            execution_provider="cpu",
            detail={"voices": len(self._voices), "clips": clips, "missing": self._config.missing},
        )

    def voices(self) -> Sequence[Voice]:
        return [one.voice for one in self._voices.values()]

    def speaks(self, language: str) -> bool:
        return any(_primary(one.voice.language) == _primary(language) for one in self._voices.values())

    @property
    def fingerprint(self) -> str:
        config = self._config
        settings = (
            config.sample_rate,
            config.missing,
            config.missing_s,
            config.word_gap_s,
            config.clause_gap_s,
        )
        digests = ",".join(f"{name}:{voice.digest}" for name, voice in self._voices.items())
        return f"clips/r{REVISION}/{settings}/{digests}"

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        """Play the clips of `segment.text`; a text without any word gives an empty chunk.

        Raises:
            InvalidRequestError: words have no clip, and `plugins.clips.missing` is `error`.
            UnknownVoiceError: there is no such voice.
        """
        voice = self._voice(segment)
        planned = list(steps(segment.text, voice.clips, voice.longest))
        if self._config.missing == "error":
            _refuse_missing(planned, segment.text, voice.voice.name)
        tape = _Tape(segment, self._config)
        for step in planned:
            cancellation.check()
            if step.kind == "pause":
                tape.pause(self._config.clause_gap_s)
            else:
                tape.play(step.span, voice.clips.get(step.words))
                tape.pause(self._config.word_gap_s)
        return tape.chunk()

    def _voice(self, segment: PhonemeSegment) -> ClipVoice:
        name = segment.voice.name
        if name is None or name not in self._voices:
            raise UnknownVoiceError(
                f"The engine 'clips' has no voice {str(segment.voice)!r}; it has {', '.join(self._voices)}",
                param="voice",
            )
        return self._voices[name]

    @property
    def _voices(self) -> Mapping[str, ClipVoice]:
        if self._opened is None:
            raise EngineUnavailableError("The engine 'clips' is not open: call `open` before using it")
        return self._opened


@define
class _Tape:
    """What is being joined. Only pauses between clips are kept, and of several the longest."""

    segment: PhonemeSegment
    config: ClipsConfig
    pieces: list[Samples] = field(factory=list)
    timings: list[WordTiming] = field(factory=list)
    length: int = 0
    gap: int = 0

    def pause(self, seconds: float) -> None:
        self.gap = max(self.gap, self._count(seconds)) if self.timings else 0

    def play(self, span: Span, samples: Samples | None) -> None:
        """A clip, or silence where there is none."""
        if samples is None:
            samples = np.zeros(self._count(self.config.missing_s), np.float32)
        start = self.length + self.gap
        self.pieces += [np.zeros(self.gap, np.float32), samples]
        self.length, self.gap = start + len(samples), 0
        rate, text = self.config.sample_rate, self.segment.text[span.start : span.end]
        source = self.segment.alignment.source(span.start, span.end)
        self.timings.append(WordTiming(text, start / rate, self.length / rate, source))

    def chunk(self) -> AudioChunk:
        made = np.concatenate([np.zeros(0, np.float32), *self.pieces])
        return AudioChunk(made, self.config.sample_rate, tuple(self.timings))

    def _count(self, seconds: float) -> int:
        return round(seconds * self.config.sample_rate)


def _refuse_missing(planned: Sequence[Step], text: str, voice: str) -> None:
    missing = list(
        dict.fromkeys(text[step.span.start : step.span.end] for step in planned if step.kind == "missing")
    )
    if missing:
        named = ", ".join(f"{word!r:.60}" for word in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise InvalidRequestError(
            f"The voice {voice!r} has no clip for {named}{more}. Send other words; an operator adds clips to "
            f'the voice, or sets plugins.clips.missing = "silence"',
            param="input",
        )


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
