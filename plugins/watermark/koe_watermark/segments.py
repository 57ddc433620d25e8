"""Where in a signal the mark begins and ends."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from koe.api import Samples
from numpy.typing import NDArray

from koe_watermark.network import smoothed
from koe_watermark.spectrum import FRAMES_PER_SECOND

_HALF: Final = 0.5
_LEAST_FRAMES: Final = FRAMES_PER_SECOND // 2
"""Usable frames in a segment."""
_BRIDGED_FRAMES: Final = FRAMES_PER_SECOND // 2
"""Usable frames between two segments that do not part them."""
_REACH: Final = FRAMES_PER_SECOND


def segments(score: Samples, usable: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Beginnings and ends, in frames, of the parts whose `usable` frames are marked.

    Parts are found where the mean of a second is above one half. Each end is then moved, by a second at most,
    to where the sum of what lies above one half is greatest: the mean alone is late by up to half a second.
    """
    counted = np.concatenate([[0], np.cumsum(usable)])
    joined: list[tuple[int, int]] = []
    for begin, end in _runs(smoothed(score, usable, FRAMES_PER_SECOND) > _HALF):
        if joined and counted[begin] - counted[joined[-1][1]] < _BRIDGED_FRAMES:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    gain = np.where(usable, score - _HALF, 0.0)
    refined: list[tuple[int, int]] = []
    for begin, end in joined:
        if counted[end] - counted[begin] < _LEAST_FRAMES:
            continue
        floor = refined[-1][1] if refined else 0
        lowest, highest = max(floor, begin - _REACH), min(len(gain), end + _REACH)
        first, last = _richest(gain[lowest:highest])
        if counted[lowest + last] - counted[lowest + first] >= _LEAST_FRAMES:
            refined.append((lowest + first, lowest + last))
    return refined


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(begin), int(end)


def _richest(gain: NDArray[np.float64]) -> tuple[int, int]:
    """The part with the greatest sum; the shortest of equals."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(total)
    end = int(np.argmax(total - lowest))
    begin = int(np.flatnonzero(total[: end + 1] == lowest[end])[-1])
    return begin, end
