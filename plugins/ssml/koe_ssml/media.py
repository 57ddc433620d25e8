"""Recordings for `audio`, and the bleep."""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from attrs import frozen
from koe.api import AudioChunk, Samples

from koe_ssml.files import FileRefusedError

MAX_REPEATS = 100
_BLEEP_RATE = 24_000
_BLEEP_HZ = 1_000
_BLEEP_LEVEL = 0.1
_FADE_S = 0.01


@frozen
class Cut:
    """Which part of a recording is played, and how often; None where the document does not say."""

    begin_s: float = 0.0
    end_s: float | None = None
    repeat: float = 1.0
    repeat_s: float | None = None


def recording(path: Path, cut: Cut, max_s: float) -> AudioChunk:
    """What `cut` leaves of the file (wav, flac, ogg, mp3), as mono.

    Raises:
        FileRefusedError: it is no audio that can be read, or longer than `max_s`.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            first = min(round(cut.begin_s * rate), file.frames)
            last = file.frames if cut.end_s is None else min(round(cut.end_s * rate), file.frames)
            count = _needed(max(last - first, 0), rate, cut)
            _check(_played_s(count / rate, cut), max_s)
            file.seek(first)
            samples = file.read(count, dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, OSError):
        raise FileRefusedError(f"{path.name} is no audio that can be read") from None
    return AudioChunk(_repeated(samples, rate, cut), rate)


@lru_cache(maxsize=32)
def bleep(seconds: float) -> AudioChunk:
    """A tone in place of a word."""
    times = np.arange(round(seconds * _BLEEP_RATE)) / _BLEEP_RATE
    ramp = np.clip(np.minimum(times, times[::-1]) / _FADE_S, 0, 1)
    samples = _BLEEP_LEVEL * ramp * np.sin(2 * math.pi * _BLEEP_HZ * times)
    return AudioChunk(samples.astype(np.float32), _BLEEP_RATE)


def _needed(count: int, rate: int, cut: Cut) -> int:
    """Of `count` samples, those that are played at least once."""
    if cut.repeat_s is not None:
        return min(count, math.ceil(cut.repeat_s * rate))
    return math.ceil(count * min(cut.repeat, 1.0))


def _played_s(seconds: float, cut: Cut) -> float:
    """How long it sounds, repeats included."""
    if cut.repeat_s is not None:
        return max(cut.repeat_s, 0.0) if seconds else 0.0
    return seconds * cut.repeat


def _check(seconds: float, max_s: float) -> None:
    if seconds > max_s:
        raise FileRefusedError(f"the audio lasts {seconds:.1f} s; {max_s:.1f} s are left (max_media_s)")


def _repeated(samples: Samples, rate: int, cut: Cut) -> Samples:
    wanted = round(_played_s(len(samples) / rate, cut) * rate)
    if wanted <= len(samples):
        return samples[:wanted]
    return np.resize(samples, wanted)
