"""How far two recordings of one text are apart: spectrum, pitch, level and length.

All measures are over whole utterances and need no alignment: both are made by the same durations, and an
utterance whose durations differ is not compared any further.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from attrs import frozen
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from koe.kokoro.config import ParityLimits
from koe.kokoro.timing import SAMPLE_RATE
from koe.types import Samples

_WINDOW, _HOP, _BANDS = 1024, 256, 64
_FLOOR_DB = 60.0
"""What lies further below an utterance's loudest band counts as silence in both."""
_PITCH_HZ = (60.0, 500.0)
_PERIODIC = 0.5
_NEARLY, _ONE_PEAK = 0.9, 1.25
_SAME_PITCH_CENTS = 50.0
_FEWEST_VOICED = 20
_SILENCE = 1e-10


@frozen
class Distance:
    """What one utterance, or the worst of several, differs in.

    Attributes:
        log_spectral_db: root mean square over bands, mean over frames, of the mel spectra's difference.
        pitch_agreement: the share of voiced frames in which both are voiced and within 50 cents; None where
            too few frames are voiced to tell.
        level_db: the difference of the root mean squares.
        frames: by how many frames of 25 ms the durations differ, added up over the tokens.
    """

    log_spectral_db: float
    pitch_agreement: float | None
    level_db: float
    frames: int

    @classmethod
    def worst(cls, distances: Sequence["Distance"]) -> "Distance":
        pitches = [each.pitch_agreement for each in distances if each.pitch_agreement is not None]
        return cls(
            max(each.log_spectral_db for each in distances),
            min(pitches, default=None),
            max(each.level_db for each in distances),
            max(each.frames for each in distances),
        )

    def objections(self, limits: ParityLimits) -> tuple[str, ...]:
        """What is beyond the limits, in words; empty where all is within."""
        pitch = 1.0 if self.pitch_agreement is None else self.pitch_agreement
        checks = (
            (self.frames <= limits.frames, f"durations differ by {self.frames} frames", limits.frames),
            (
                self.log_spectral_db <= limits.log_spectral_db,
                f"log-spectral distance {self.log_spectral_db:.2f} dB",
                limits.log_spectral_db,
            ),
            (pitch >= limits.pitch_agreement, f"pitch agreement {pitch:.3f}", limits.pitch_agreement),
            (self.level_db <= limits.level_db, f"level differs by {self.level_db:.2f} dB", limits.level_db),
        )
        return tuple(f"{found} (limit {limit:g})" for within, found, limit in checks if not within)


def compare(
    reference: Samples, other: Samples, frames: NDArray[np.int64] | None, others: NDArray[np.int64] | None
) -> Distance:
    """The distance of two utterances at 24 kHz, with the frames of their tokens where these are known."""
    moved = _moved(len(reference), len(other), frames, others)
    if len(reference) != len(other) or not np.isfinite(other).all():
        return Distance(math.inf, 0.0, math.inf, moved)
    return Distance(
        log_spectral_distance(reference, other),
        pitch_agreement(reference, other),
        abs(_level(reference) - _level(other)),
        moved,
    )


def log_spectral_distance(reference: Samples, other: Samples) -> float:
    """In dB, over the frames in which either is louder than the floor."""
    ours, theirs = (_mel_db(samples) for samples in (reference, other))
    floor = float(ours.max()) - _FLOOR_DB
    heard = np.maximum(ours, theirs).max(axis=1) > floor
    difference = np.maximum(ours, floor) - np.maximum(theirs, floor)
    by_frame = np.sqrt(np.mean(difference**2, axis=1))[heard]
    return float(by_frame.mean()) if by_frame.size else 0.0


def pitch_agreement(reference: Samples, other: Samples) -> float | None:
    """The share of frames voiced in either in which both have the same pitch; None for too few of them."""
    ours, theirs = _pitch(reference), _pitch(other)
    voiced = (ours > 0) | (theirs > 0)
    if int(voiced.sum()) < _FEWEST_VOICED:
        return None
    both = (ours > 0) & (theirs > 0)
    cents = np.abs(1200 * np.log2(ours[both] / theirs[both]))
    return float((cents <= _SAME_PITCH_CENTS).sum() / voiced.sum())


def _moved(
    length: int, other: int, frames: NDArray[np.int64] | None, others: NDArray[np.int64] | None
) -> int:
    if frames is None or others is None or len(frames) != len(others):
        return math.ceil(abs(length - other) / (SAMPLE_RATE // 40))
    return int(np.abs(frames - others).sum())


def _level(samples: Samples) -> float:
    return 10 * math.log10(float(np.mean(samples.astype(np.float64) ** 2)) + _SILENCE)


def _frames(samples: Samples) -> NDArray[np.float64]:
    padded = np.pad(samples.astype(np.float64), (0, max(0, _WINDOW - len(samples))))
    return sliding_window_view(padded, _WINDOW)[::_HOP]


def _mel_db(samples: Samples) -> NDArray[np.float64]:
    spectrum = np.abs(np.fft.rfft(_frames(samples) * np.hanning(_WINDOW), axis=1)) ** 2
    bands: NDArray[np.float64] = 10 * np.log10(spectrum @ _mel_bands().T + _SILENCE)
    return bands


@lru_cache(maxsize=1)
def _mel_bands() -> NDArray[np.float64]:
    """Triangles on the mel scale (O'Shaughnessy's formula), rows sum to one; shape `(bands, bins)`."""
    top = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    bins = np.arange(_WINDOW // 2 + 1) * SAMPLE_RATE / _WINDOW
    low, middle, high = (corners[start : start + _BANDS, None] for start in range(3))
    triangles = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    # The lowest triangles lie between two bins: they take the nearest one.
    empty = np.flatnonzero(triangles.sum(axis=1) == 0)
    triangles[empty, np.abs(bins - middle[empty]).argmin(axis=1)] = 1
    scaled: NDArray[np.float64] = triangles / triangles.sum(axis=1, keepdims=True)
    return scaled


def _pitch(samples: Samples) -> NDArray[np.float64]:
    """Hz by frame, 0 where unvoiced: the peak of the normalized autocorrelation."""
    frames = _frames(samples)
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(frames, 2 * _WINDOW, axis=1)) ** 2
    correlation = np.fft.irfft(power, axis=1)[:, :_WINDOW]
    energy = correlation[:, :1]
    # A longer lag sees fewer samples, which lowers its correlation by as much.
    correlation = correlation / (energy + _SILENCE) / (1 - np.arange(_WINDOW) / _WINDOW)
    shortest, longest = (round(SAMPLE_RATE / hz) for hz in reversed(_PITCH_HZ))
    searched = correlation[:, shortest : longest + 1]
    # Multiples of the period correlate as well as the period itself: the shortest is meant.
    first = (searched >= _NEARLY * searched.max(axis=1, keepdims=True)).argmax(axis=1)[:, None]
    index = np.arange(searched.shape[1])
    near = (index >= first) & (index + shortest <= _ONE_PEAK * (first + shortest))
    lags = np.where(near, searched, -np.inf).argmax(axis=1) + shortest
    peaks = correlation[np.arange(len(lags)), lags]
    loud = energy[:, 0] > energy.max(initial=0) * 10 ** (-_FLOOR_DB / 10 + 2)
    return np.where((peaks > _PERIODIC) & loud, SAMPLE_RATE / lags, 0.0)
