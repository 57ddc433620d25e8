"""Pitch of finished audio, and audio at another sample rate: what an engine cannot do itself."""

import math

import soxr
from attrs import evolve

from koe.types import AudioChunk, Samples


def pitch_ratio(semitones: float) -> float:
    """How many times higher that is. What will be shifted by it has to be spoken that many times slower."""
    ratio: float = 2.0 ** (semitones / 12)
    return ratio


def repitched(chunk: AudioChunk, ratio: float) -> AudioChunk:
    """The chunk `ratio` times higher, and as many times shorter; its word timings move along."""
    if math.isclose(ratio, 1.0):
        return chunk
    words = tuple(
        evolve(word, start_s=word.start_s / ratio, end_s=word.end_s / ratio) for word in chunk.words
    )
    return AudioChunk(resampled(chunk.samples, ratio, 1.0), chunk.sample_rate, words)


def resampled(samples: Samples, sample_rate: float, wanted: float) -> Samples:
    """The samples at the sample rate `wanted`; only the ratio of the two rates counts."""
    if sample_rate == wanted or not len(samples):
        return samples
    made: Samples = soxr.resample(samples, sample_rate, wanted)
    return made
