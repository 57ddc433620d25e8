"""The bleep itself."""

import numpy as np
from koe.api import AudioChunk

SAMPLE_RATE = 24_000
"""koe resamples where the engine has another rate."""
FADE_S = 0.005
"""Of both ends, so that nothing clicks."""


def bleep(seconds: float, frequency_hz: float, peak: float) -> AudioChunk:
    """A sine."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    edge = np.minimum(times, times[::-1]) / FADE_S
    samples = peak * np.clip(edge, 0, 1) * np.sin(2 * np.pi * frequency_hz * times)
    return AudioChunk(samples.astype(np.float32), SAMPLE_RATE)
