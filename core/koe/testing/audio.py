"""Test signals, and a decoder for what encoders make."""

import io
from collections.abc import Iterator

import numpy as np

from koe.types import AudioChunk, Samples


def tone(frequency: float, seconds: float, sample_rate: int, *, peak: float = 0.5) -> Samples:
    """A sine of `frequency` Hz."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return (peak * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


def speechlike(length: int, sample_rate: int) -> Samples:
    """`length` samples of harmonics on a gliding pitch with syllables, always the same."""
    t = np.arange(length) / sample_rate
    phase = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 0.7 * t)) / sample_rate
    voiced = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * t)
    hiss = 0.003 * np.random.default_rng(0).standard_normal(length)
    return (0.25 * syllables * voiced + hiss).astype(np.float32)


def cut(samples: Samples, sample_rate: int, chunk_samples: int) -> Iterator[AudioChunk]:
    """The samples in chunks of `chunk_samples`, the last one shorter."""
    for start in range(0, len(samples), chunk_samples):
        yield AudioChunk(samples[start : start + chunk_samples], sample_rate)


def decode_audio(encoded: bytes) -> tuple[Samples, int]:
    """Mono samples and their sample rate in Hz, by FFmpeg. Raises `av.error.FFmpegError` for broken data."""
    import av

    with av.open(io.BytesIO(encoded), "r") as container:
        to_float = av.AudioResampler(format="flt", layout="mono")
        stream = container.streams.audio[0]
        decoded = [frame for raw in container.decode(stream) for frame in to_float.resample(raw)]
        sample_rate = stream.codec_context.sample_rate
    pieces = [frame.to_ndarray().reshape(-1) for frame in decoded]
    return np.concatenate([np.zeros(0, np.float32), *pieces], dtype=np.float32), sample_rate


def correlation(left: Samples, right: Samples, max_lag: int) -> float:
    """The best correlation coefficient of two signals with `right` up to `max_lag` samples late."""
    length = len(left)
    late = np.concatenate([right, np.zeros(max(0, length + max_lag - len(right)), np.float32)])
    candidates = (late[lag : lag + length] for lag in range(max_lag + 1))
    return max(_coefficient(left, candidate) for candidate in candidates)


def _coefficient(left: Samples, right: Samples) -> float:
    power = float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
    return float(np.dot(left, right)) / power if power else 0.0
