"""From espeak-ng's 16-bit samples at 22050 Hz to float samples at 24000 Hz, and the times in them."""

from collections.abc import Iterator

import numpy as np
import soxr
from koe.api import Samples
from numpy.typing import NDArray

from koe_espeak.library import SAMPLE_RATE
from koe_espeak.synthesis import Synthesis

OUTPUT_RATE = 24000
REVISION = 1
"""Counts up whenever this plugin makes other samples of the same synthesis (see `Engine.fingerprint`)."""

_GAIN = 0.8  # espeak-ng's loudest variants use the full scale; resampling may overshoot it
_AUDIBLE = 100  # of 32767


def resampled(samples: NDArray[np.int16]) -> Samples:
    """The samples at 24000 Hz, of exactly the same duration (rounded to a sample)."""
    length = round(len(samples) * OUTPUT_RATE / SAMPLE_RATE)
    scaled = samples.astype(np.float32) * np.float32(_GAIN / 32768)
    output = np.zeros(length, dtype=np.float32)
    if length:
        made = soxr.resample(scaled, SAMPLE_RATE, OUTPUT_RATE, quality="HQ")[:length]
        output[: len(made)] = np.clip(made, -1.0, 1.0)
    return output


def word_times(synthesis: Synthesis) -> Iterator[tuple[int, tuple[float, float]]]:
    """Each spoken word's place in the text with its start and end in seconds.

    A word ends where the next one starts; the last of a clause, before the pause that follows it.
    """
    for clause in synthesis.clauses:
        position, start = clause.words[-1]
        audible = np.flatnonzero(np.abs(synthesis.samples[start : clause.end_sample].astype(int)) > _AUDIBLE)
        end = start + int(audible[-1]) + 1 if len(audible) else start
        starts = [*(sample for _, sample in clause.words), end]
        for (position, start), following in zip(clause.words, starts[1:], strict=True):
            yield position, (start / SAMPLE_RATE, following / SAMPLE_RATE)
