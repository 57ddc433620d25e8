"""What one block of a signal tells about the mark, frame by frame."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from attrs import frozen
from koe.api import Samples
from numpy.typing import NDArray

from koe_watermark.graphs import BINS
from koe_watermark.network import Decoder
from koe_watermark.spectrum import FRAMES_PER_SECOND

AUDIBLE_DB: Final = -30.0
"""Level of a frame (see `Evidence`) under which it counts as silence: that of white noise at -90 dBFS."""
RANGE_DB: Final = 45.0
"""A frame that lies further under the loud ones is a pause."""
DEPTH_DB: Final = 60.0
"""Cells that lie further under the loudest of their frame are lifted to there: the network takes the slopes
of filters and the gaps between tones for its mark."""
_CUT_DEPTH_DB: Final = 50.0
"""The same where the low end is cut off."""
_BLIND: Final = 8
"""Bins below 125 Hz: what hum and mains leave there says nothing about speech."""
_EDGE_DB: Final = 25.0
_EDGE_MARGIN: Final = 2
_UPPER_BINS: Final = 48
_HUM_DB: Final = 20.0
_FLUX_STEP: Final = FRAMES_PER_SECOND // 10


@frozen(eq=False)
class Evidence:
    """One value for each frame of 10 ms.

    Attributes:
        level_db: of 125 Hz to 2 kHz.
        score: the network's, 1 for marked; single frames stray beyond 0..1.
        coverage: the share of cells, above the low cut, that lie within `DEPTH_DB` of their frame's loudest.
        flux_db: how much these change within 0.1 s on average, gain aside: next to nothing in steady tones.
        low_cut: the lowest bin that holds sound.
    """

    level_db: Samples
    score: Samples
    coverage: Samples
    flux_db: Samples
    low_cut: Samples

    @property
    def frames(self) -> int:
        return len(self.level_db)

    @classmethod
    def joined(cls, parts: Sequence["Evidence"]) -> "Evidence":
        """All of a signal's blocks in one."""
        empty = np.zeros(0, np.float32)
        names = ("level_db", "score", "coverage", "flux_db", "low_cut")
        return cls(*(np.concatenate([empty, *(getattr(part, name) for part in parts)]) for name in names))


def gather(decoder: Decoder, levels: Samples, new: slice) -> Evidence:
    """The evidence of the frames `new` of a block of levels, of which the others are context."""
    level_db = _power_db(levels[_BLIND:])
    active = is_active(level_db)
    low_cut = _low_cut(levels[:, active]) if active.any() else 0
    hum = bool(active.any()) and _hums(levels, level_db[active])
    flat, covered = flattened(levels, low_cut, hum=hum)
    score = decoder.score(flat, active) if active.any() else np.zeros_like(level_db)
    size = level_db[new].shape
    return Evidence(
        level_db[new],
        score[new],
        np.asarray(covered.sum(axis=0) / (BINS - _begin(low_cut, hum=hum)), np.float32)[new],
        _flux(flat, covered)[new],
        np.full(size, low_cut, np.float32),
    )


def is_active(level_db: Samples) -> NDArray[np.bool_]:
    """Which frames sound: neither silence nor pauses."""
    audible = level_db > AUDIBLE_DB
    if not audible.any():
        return audible
    loud = float(np.percentile(level_db[audible], 95))
    return audible & (level_db > loud - RANGE_DB)


def flattened(levels: Samples, low_cut: int, *, hum: bool) -> tuple[Samples, NDArray[np.bool_]]:
    """The levels without what misleads the network, and which cells were left as they are."""
    flat = levels.copy()
    begin = _begin(low_cut, hum=hum)
    flat[:begin] = flat[begin : begin + _BLIND].mean(axis=0)
    floor = flat.max(axis=0) - (_CUT_DEPTH_DB if low_cut else DEPTH_DB)
    covered = flat > floor
    covered[:begin] = False
    return np.maximum(flat, floor), covered


def _begin(low_cut: int, *, hum: bool) -> int:
    """The lowest bin that is believed."""
    if low_cut:
        return low_cut + _EDGE_MARGIN
    return _BLIND if hum else 0


def _hums(levels: Samples, loud_db: Samples) -> bool:
    """Whether the bins below 125 Hz never fall silent, as those of a voice do."""
    quiet = float(np.percentile(levels[:_BLIND].max(axis=0), 10))
    return quiet > float(np.median(loud_db)) - _HUM_DB


def _low_cut(levels: Samples) -> int:
    """The lowest bin that is not far quieter on average than the loud half of all bins."""
    power = _average_db(levels)
    loud = float(np.median(np.sort(power)[-_UPPER_BINS:]))
    return min(int(np.argmax(power > loud - _EDGE_DB)), BINS - 2 * _BLIND)


def _flux(levels: Samples, covered: NDArray[np.bool_]) -> Samples:
    """The mean change of the covered cells from 0.1 s before, beyond what all have in common, in dB."""
    frames = levels.shape[1]
    if frames <= _FLUX_STEP:
        return np.zeros(frames, np.float32)
    change = levels[:, _FLUX_STEP:] - levels[:, :-_FLUX_STEP]
    counted = covered[:, _FLUX_STEP:]
    count = np.maximum(counted.sum(axis=0), 1)
    common = (change * counted).sum(axis=0) / count
    flux = (np.abs(change - common) * counted).sum(axis=0) / count
    return np.pad(flux, (_FLUX_STEP, 0), mode="edge").astype(np.float32)


def _power_db(levels: Samples) -> Samples:
    return np.asarray(10 * np.log10((10 ** (levels / 10)).sum(axis=0)), np.float32)


def _average_db(levels: Samples) -> Samples:
    return np.asarray(10 * np.log10((10 ** (levels / 10)).mean(axis=1)), np.float32)
