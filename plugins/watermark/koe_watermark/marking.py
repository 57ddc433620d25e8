"""Several markers in a row, held to what markers promise."""

from collections.abc import Iterable, Sequence

import numpy as np
from koe.api import Samples

from koe_watermark.schemes import Marker

NOTHING: Samples = np.zeros(0, np.float32)


class Marking(Marker):
    """One signal on its way through `markers`. Any samples go in; what comes out lies within -1..1.

    Attributes:
        replaced: samples that were not finite, and became 0 before they were marked.
        clipped: samples that lay outside -1..1 with the mark on them.
    """

    def __init__(self, markers: Sequence[Marker]) -> None:
        self.replaced = 0
        self.clipped = 0
        self._markers = markers
        self._given = 0
        self._made = 0

    def push(self, samples: Samples) -> Samples:
        """Raises `RuntimeError` where a marker makes what is no audio, or more of it than it was given."""
        self._given += len(samples)
        return self._checked(self._through(self._finite(samples), self._markers))

    def flush(self) -> Samples:
        """Raises `RuntimeError` where a marker lost samples, and as `push` does."""
        rest = NOTHING
        for position, marker in enumerate(self._markers):
            held_back = self._through(marker.flush(), self._markers[position + 1 :])
            rest = np.concatenate([rest, held_back])
        rest = self._checked(rest)
        if self._made != self._given:
            raise RuntimeError(f"the watermark lost {self._given - self._made} of {self._given} samples")
        return rest

    def _finite(self, samples: Samples) -> Samples:
        finite = np.isfinite(samples)
        if finite.all():
            return samples
        self.replaced += int(len(samples) - np.count_nonzero(finite))
        return np.where(finite, samples, np.float32(0))

    def _through(self, samples: Samples, markers: Iterable[Marker]) -> Samples:
        for marker in markers:
            samples = marker.push(samples)
        return samples

    def _checked(self, marked: Samples) -> Samples:
        self._made += len(marked)
        if self._made > self._given:
            raise RuntimeError(f"the watermark made {self._made} samples out of {self._given}")
        if marked.dtype != np.float32 or marked.ndim != 1 or not np.isfinite(marked).all():
            raise RuntimeError("the watermark made samples that are not finite float32 of shape (n,)")
        clipped = np.clip(marked, np.float32(-1), np.float32(1))
        self.clipped += int(np.count_nonzero(clipped != marked))
        return clipped
