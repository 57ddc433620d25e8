"""The spectrogram that Perth's decoder reads, and what of it can carry a mark."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from koe.api import Samples
from numpy.lib.stride_tricks import sliding_window_view

from koe_watermark.graphs import BINS

SAMPLE_RATE: Final = 16_000
"""Everything is analysed at this rate: the mark lies below 2 kHz."""
FRAMES_PER_SECOND: Final = 100
WINDOW: Final = SAMPLE_RATE * 64 // 1000
HOP: Final = SAMPLE_RATE // FRAMES_PER_SECOND
_HANN: Final = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
_UPSTREAM_SCALE: Final = 32_000 / SAMPLE_RATE
"""Upstream's windows hold twice the samples, so its amplitudes are twice as high."""
_LEAST_AMPLITUDE: Final = 1e-9

MARGIN: Final = 50
"""Frames before and behind a block: more than the network looks to either side."""
BLOCK: Final = 10 * FRAMES_PER_SECOND


class Spectrogram:
    """Cuts a signal that comes in pieces into blocks of levels, of which each frame is inside one block."""

    def __init__(self) -> None:
        self._rest = np.zeros(WINDOW // 2, np.float32)
        self._levels = np.zeros((BINS, 0), np.float32)
        self._begun = False

    def push(self, samples: Samples) -> Iterator[tuple[Samples, slice]]:
        """Levels in dB of shape `(128, frames)`, and which of the frames are new."""
        self._rest = np.concatenate([self._rest, samples], dtype=np.float32)
        count = (len(self._rest) - WINDOW) // HOP + 1
        if count >= BLOCK:
            yield from self._append(count)

    def flush(self) -> Iterator[tuple[Samples, slice]]:
        """What is left, after the last samples."""
        self._rest = np.concatenate([self._rest, np.zeros(WINDOW // 2, np.float32)])
        yield from self._append(max(0, (len(self._rest) - WINDOW) // HOP + 1))
        begin = MARGIN if self._begun else 0
        if self._levels.shape[1] > begin:
            yield self._levels, slice(begin, self._levels.shape[1])

    def _append(self, count: int) -> Iterator[tuple[Samples, slice]]:
        for first in range(0, count, BLOCK):
            end = min(count, first + BLOCK)
            piece = self._rest[first * HOP : (end - 1) * HOP + WINDOW]
            self._levels = np.concatenate([self._levels, levels_db(piece)], axis=1)
            yield from self._blocks()
        self._rest = self._rest[count * HOP :]

    def _blocks(self) -> Iterator[tuple[Samples, slice]]:
        """Blocks that leave a whole one behind them: statistics of a short last one would be poor."""
        while self._levels.shape[1] >= 2 * BLOCK + MARGIN:
            begin = MARGIN if self._begun else 0
            yield self._levels[:, : begin + BLOCK + MARGIN], slice(begin, begin + BLOCK)
            self._levels = self._levels[:, begin + BLOCK - MARGIN :]
            self._begun = True


def levels_db(samples: Samples) -> Samples:
    """Levels of the 128 bins of 15.625 Hz below 2 kHz, for each whole window in `samples`."""
    frames = sliding_window_view(samples, WINDOW)[::HOP] * _HANN
    amplitudes = np.abs(np.fft.rfft(frames, axis=1)[:, :BINS]).T * _UPSTREAM_SCALE
    return np.asarray(20 * np.log10(np.maximum(amplitudes, _LEAST_AMPLITUDE)), np.float32)
