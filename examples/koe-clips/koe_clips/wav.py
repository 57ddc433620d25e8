"""Reads WAV files."""

import wave
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from koe.api import Samples

_INTEGERS: Final = {1: "u1", 2: "<i2", 4: "<i4"}


def read_wav(path: Path, sample_rate: int) -> Samples:
    """Mono samples at `sample_rate` Hz, within full scale.

    Raises:
        ValueError: it is no WAV file of 8, 16, 24 or 32 bit integers, or holds no audio.
        OSError: it cannot be read.
    """
    try:
        with wave.open(str(path)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"is no WAV file of 8, 16, 24 or 32 bit integers: {reason}") from error
    samples = _floats(data, width)
    frames = len(samples) // channels
    if not frames or not rate:
        raise ValueError("holds no audio")
    mono = samples[: frames * channels].reshape(frames, channels).mean(axis=1, dtype=np.float32)
    made = mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate, quality="HQ")
    clipped: Samples = np.clip(made, -1, 1).astype(np.float32)
    return clipped


def _floats(data: bytes, width: int) -> Samples:
    """Full scale -1 to 1; a sample at the end that is cut off is left out."""
    data = data[: len(data) - len(data) % width]
    if width == 3:  # noqa: PLR2004 - bytes; there is no integer type of this width
        whole = np.zeros((len(data) // 3, 4), np.uint8)
        whole[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, width = whole.tobytes(), 4
    integers = np.frombuffer(data, _INTEGERS[width]).astype(np.float64)
    if width == 1:
        integers -= 128
    return (integers / 2.0 ** (8 * width - 1)).astype(np.float32)
