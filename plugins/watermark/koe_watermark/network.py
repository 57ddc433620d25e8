"""Perth's decoder on ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from koe.api import Samples
from numpy.typing import NDArray

from koe_watermark.graphs import BRANCHES, DECODER, located
from koe_watermark.spectrum import FRAMES_PER_SECOND

_TEMPOS: Final[Mapping[str, float]] = dict(zip(BRANCHES, (1.25, 1.0, 0.75), strict=True))
_FLOOR_DB: Final = -180.0
_SPAN_DB: Final = 195.0
_ERRORS_ONLY: Final = 3


class Decoder:
    """The network, on one thread. Safe to use from several threads at once."""

    def __init__(self, model: Path | bytes | None = None) -> None:
        """Read the graph from the cache, or build it. Raises `WatermarkUnavailableError`."""
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        given = located(DECODER) if model is None else model
        source = given if isinstance(given, bytes) else str(given)
        self._session: Any = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    def score(self, levels: Samples, active: NDArray[np.bool_]) -> Samples:
        """How marked each frame is: about 1 with the mark, about 0 without.

        Three branches look at the signal slower, as it is and faster; the one that their own attention,
        averaged over a second of `active` frames, holds for right counts most.
        """
        frames = levels.shape[1]
        given = np.asarray((levels - _FLOOR_DB) / _SPAN_DB, np.float32)
        found = self._session.run(
            [f"{name}_out" for name in BRANCHES],
            {
                name: _stretched(given, max(1, int(frames * tempo)))[np.newaxis]
                for name, tempo in _TEMPOS.items()
            },
        )
        attention, score = np.stack([_stretched(one[0], frames) for one in found], axis=1)
        steady = np.stack([smoothed(row, active, FRAMES_PER_SECOND) for row in attention])
        weight = np.exp(steady - steady.max(axis=0))
        return np.asarray((weight * score).sum(axis=0) / weight.sum(axis=0), np.float32)


def smoothed(values: Samples, counted: NDArray[np.bool_], width: int) -> Samples:
    """The mean of the `counted` values within `width` frames around each frame; 0 where there are none."""
    ahead = width // 2
    weight = np.concatenate([[0.0], np.cumsum(counted, dtype=np.float64)])
    total = np.concatenate([[0.0], np.cumsum(values * counted, dtype=np.float64)])
    at = np.arange(len(values))
    begin, end = np.maximum(at - ahead, 0), np.minimum(at - ahead + width, len(values))
    count = weight[end] - weight[begin]
    return np.asarray((total[end] - total[begin]) / np.maximum(count, 1.0), np.float32)


def _stretched(rows: Samples, length: int) -> Samples:
    """The rows at another number of frames, interpolated linearly."""
    frames = rows.shape[1]
    if frames == length:
        return rows
    if frames == 1:
        return np.repeat(rows, length, axis=1)
    place = np.linspace(0, frames - 1, length, dtype=np.float64)
    before = np.minimum(place.astype(np.int64), frames - 2)
    part = (place - before).astype(np.float32)
    return np.asarray(rows[:, before] * (1 - part) + rows[:, before + 1] * part, np.float32)
