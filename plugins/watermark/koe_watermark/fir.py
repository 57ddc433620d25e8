"""A fixed linear-phase filter as a marker: numpy alone, any chunking, constant delay."""

from functools import lru_cache
from typing import Final

import numpy as np
from koe.api import Samples
from numpy.typing import ArrayLike, NDArray

from koe_watermark.schemes import Marker

BIN_HZ: Final = 15.625
HALF_S: Final = 1_024 / 24_000
"""Seconds of impulse response on each side of its middle: the look-ahead. Half of it marks less surely."""
_BLOCKS_PER_FILTER: Final = 4
_SMALLEST_FFT: Final = 1_024


def design(gains_db: ArrayLike, sample_rate: int) -> NDArray[np.float64]:
    """The impulse response, of odd length and symmetric, whose gain in bin `k` is `gains_db[k]`.

    Bins are `BIN_HZ` wide around `k * BIN_HZ` (the first one starts at 0); above the last the gain is 1.
    Each bin's rectangle has a closed inverse Fourier transform, so any sample rate is exact; Hann's window
    ends the response after `HALF_S`.
    """
    gains = 10.0 ** (np.asarray(gains_db, np.float64) / 20.0)
    half = round(HALF_S * sample_rate)
    n = np.arange(1, half + 1)
    edges = (np.arange(len(gains) + 1) - 0.5) * BIN_HZ / sample_rate
    edges[0] = 0.0
    extra = gains - 1.0
    middle = 1.0 + 2.0 * np.sum(extra * np.diff(edges))
    # Summed by parts: each edge counts with the step of the gain there.
    steps = -np.diff(extra, prepend=0.0, append=0.0)
    side = np.sin(2.0 * np.pi * np.outer(n, edges)) @ steps / (np.pi * n)
    side *= 0.5 + 0.5 * np.cos(np.pi * n / (half + 1))
    return np.concatenate([side[::-1], [middle], side])


class Filter:
    """An impulse response of odd length, and its spectra for the block sizes in use. For all threads."""

    def __init__(self, taps: NDArray[np.float64]) -> None:
        self.taps = taps
        self._spectrum = lru_cache(maxsize=16)(self._spectrum_of)

    @property
    def delay(self) -> int:
        """Samples from one that is given to the one that stands for it."""
        return len(self.taps) // 2

    def valid(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """The convolution where the response lies wholly within `samples`, which must be as long as it."""
        reach = len(self.taps) - 1
        size = self._block_size(len(samples))
        starts = range(0, len(samples) - reach, size - reach)
        return np.concatenate([self._block(samples[start : start + size], size) for start in starts])

    def _block_size(self, length: int) -> int:
        """A power of two: enough for all of `length`, or for a few times the response."""
        most = 1 << (_BLOCKS_PER_FILTER * len(self.taps) - 1).bit_length()
        return min(most, max(_SMALLEST_FFT, 1 << (length - 1).bit_length()))

    def _block(self, samples: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        filtered = np.fft.irfft(np.fft.rfft(samples, size) * self._spectrum(size), size)
        return filtered[len(self.taps) - 1 : len(samples)]

    def _spectrum_of(self, size: int) -> NDArray[np.complex128]:
        return np.fft.rfft(self.taps, size)


class FilterMarker(Marker):
    """One signal on its way through a filter, `Filter.delay` samples late inside and in time outside."""

    def __init__(self, filter_: Filter) -> None:
        self._filter = filter_
        self._before = np.zeros(len(filter_.taps) - 1)
        self._skip = filter_.delay

    def push(self, samples: Samples) -> Samples:
        if not len(samples):
            return np.zeros(0, np.float32)
        joined = np.concatenate([self._before, samples], dtype=np.float64)
        self._before = joined[len(samples) :].copy()
        return self._in_time(self._filter.valid(joined))

    def flush(self) -> Samples:
        return self.push(np.zeros(self._filter.delay, np.float32))

    def _in_time(self, filtered: NDArray[np.float64]) -> Samples:
        skipped = min(self._skip, len(filtered))
        self._skip -= skipped
        return filtered[skipped:].astype(np.float32)
