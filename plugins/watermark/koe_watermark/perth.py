"""`perth-implicit`: the mark of Resemble's Perth, embedded by a filter and found by Perth's own network.

For any input Perth's encoder changes the spectrum below 2 kHz by nearly the same gains, so a filter with
these gains marks as it does. The gains are what `tests/plugins/watermark/oracle.py` measures of the encoder.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
from koe.api import StreamInfo
from numpy.typing import NDArray

from koe_watermark.config import Options
from koe_watermark.fir import Filter, FilterMarker, design
from koe_watermark.schemes import Marker, Scheme

if TYPE_CHECKING:
    from koe_watermark.detector import Detector

BINS: Final = 128
SAMPLE_RATES: Final = (8_000, 192_000)
"""Lowest and highest in Hz: below, the mark would not lie clear of half the sample rate."""
_MOST_FILTERS: Final = 8


class PerthImplicit(Scheme):
    """A presence mark without content: 1.7 dB up or down (rms) in each of 128 bins below 2 kHz."""

    name = "perth-implicit"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._filters: dict[int, Filter] = {}

    def open(self, info: StreamInfo) -> Marker:
        """Raises `ValueError` for sample rates outside `SAMPLE_RATES`."""
        return FilterMarker(self._filter(info.sample_rate))

    def detector(self) -> "Detector":
        from koe_watermark.perth_detector import shared_detector

        return shared_detector()

    def _filter(self, sample_rate: int) -> Filter:
        found = self._filters.get(sample_rate)
        if found is None:
            lowest, highest = SAMPLE_RATES
            if not lowest <= sample_rate <= highest:
                raise ValueError(
                    f"scheme {self.name!r} marks audio of {lowest} to {highest} Hz, not of {sample_rate} Hz; "
                    f"resample it first"
                )
            found = Filter(design(gains_db(), sample_rate))
            if len(self._filters) < _MOST_FILTERS:
                self._filters[sample_rate] = found
        return found


@cache
def gains_db() -> NDArray[np.float64]:
    """The mark: what it adds to the level of each bin, in dB."""
    text = files("koe_watermark").joinpath("data", "perth_implicit.txt").read_text("ascii")
    gains = np.array([float(line) for line in text.splitlines() if not line.startswith("#")])
    if gains.shape != (BINS,):
        raise ValueError(
            f"perth_implicit.txt holds {len(gains)} gains instead of {BINS}; reinstall koe-watermark"
        )
    return gains
