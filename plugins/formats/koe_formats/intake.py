"""What every encoder does with a chunk first: check, resample, clip."""

import numpy as np
from koe.api import AudioChunk, Samples
from numpy.typing import NDArray

FULL_SCALE = 32_768


class Intake:
    """One response's chunks on their way into an encoder. Never used from two threads at once."""

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self._input_rate = input_rate
        self._resampler = None
        if input_rate != output_rate:
            import soxr

            self._resampler = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality="HQ")

    def take(self, chunk: AudioChunk) -> Samples:
        """The chunk's samples at the output rate, within -1..1; fewer while the resampler holds some back.

        Raises:
            ValueError: the chunk has another sample rate than announced, is not mono, or holds NaN or
                infinite samples.
        """
        self._check(chunk)
        return self._resample(chunk.samples, last=False)

    def drain(self) -> Samples:
        """What the resampler held back. The total is then the input's length at the output rate."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Samples, *, last: bool) -> Samples:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.asarray(samples, np.float32), last=last)
        return np.asarray(np.clip(samples, -1.0, 1.0), np.float32)

    def _check(self, chunk: AudioChunk) -> None:
        if chunk.sample_rate != self._input_rate:
            raise ValueError(
                f"The encoder was opened for {self._input_rate} Hz and was fed a chunk of "
                f"{chunk.sample_rate} Hz"
            )
        if chunk.samples.ndim != 1:
            raise ValueError(f"An encoder takes mono samples of shape (n,), not {chunk.samples.shape}")
        broken = np.flatnonzero(~np.isfinite(chunk.samples))
        if len(broken):
            raise ValueError(
                f"The audio holds {len(broken)} samples that are not finite, the first at index {broken[0]} "
                f"of a chunk of {len(chunk.samples)}"
            )


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Little-endian 16-bit samples. Audio that came from 16 bits (n / 32768) comes out as it was."""
    scaled = np.rint(samples * np.float32(FULL_SCALE))
    return np.asarray(np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1), "<i2")
