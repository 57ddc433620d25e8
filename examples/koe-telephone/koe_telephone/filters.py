"""A band-pass filter with linear phase, as a whole and as a stream."""

import math
from typing import Final

import numpy as np
from koe.api import Samples
from numpy.typing import NDArray

_STOPBAND_DB: Final = 50.0
"""Kaiser's window for this attenuation; a telephone line asks for about 30."""
_BETA: Final = 0.5842 * (_STOPBAND_DB - 21) ** 0.4 + 0.07886 * (_STOPBAND_DB - 21)
"""Kaiser's formula for attenuations of 21 to 50 dB."""


def band_pass(low_hz: float, high_hz: float, transition_hz: float, sample_rate: int) -> NDArray[np.float64]:
    """Windowed-sinc coefficients, an odd number, symmetric; 1 in the middle of the band.

    `transition_hz` lies around each edge, at which the level is -6 dB. Their number is Kaiser's estimate.
    """
    width = 2 * math.pi * transition_hz / sample_rate
    half = math.ceil((_STOPBAND_DB - 7.95) / (2.285 * width) / 2)
    times = np.arange(-half, half + 1)
    high, low = (2 * min(hz, sample_rate / 2) / sample_rate for hz in (high_hz, low_hz))
    ideal = high * np.sinc(high * times) - low * np.sinc(low * times)
    coefficients: NDArray[np.float64] = ideal * np.kaiser(2 * half + 1, _BETA)
    return coefficients


class StreamingFilter:
    """Convolves a stream with symmetric coefficients, without their delay.

    What comes out by the end is as long as what came in, and starts with it.
    """

    def __init__(self, coefficients: NDArray[np.float64]) -> None:
        self._coefficients = coefficients
        self._half = len(coefficients) // 2
        self._past = np.zeros(self._half)

    def push(self, samples: Samples) -> Samples:
        """What is ready: all but the last half of the filter's length."""
        known = np.concatenate([self._past, samples])
        ready = len(known) - len(self._coefficients) + 1
        if ready <= 0:
            self._past = known
            return np.zeros(0, np.float32)
        self._past = known[ready:]
        return np.convolve(known, self._coefficients, "valid").astype(np.float32)

    def flush(self) -> Samples:
        """The rest, as if silence followed."""
        return self.push(np.zeros(self._half, np.float32))
