"""Detection for programs: on samples, and on files."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from koe.api import Samples

from koe_watermark.detector import Detection, Detector
from koe_watermark.media import MediaLimits, read_audio
from koe_watermark.perth_detector import shared_detector

_BLOCK_S = 10


def detect(
    audio: Samples | BinaryIO | Path | str,
    sample_rate: int | None = None,
    *,
    detector: Detector | None = None,
    limits: MediaLimits | None = None,
) -> Detection:
    """Look for a watermark. Takes about 1 % of the audio's length on one core; safe in any thread.

    Args:
        audio: samples of shape `(n,)` or `(channels, n)`, floats within -1..1; or a file, or its path.
        sample_rate: of the samples in Hz; files say their own.
        detector: of which scheme; by default Perth's.
        limits: for files; by default none on their length.

    Raises:
        UnsupportedMediaTypeError: the file is no audio that can be read.
        DamagedAudioError: the file is empty, truncated or broken.
        AudioTooLongError: the file is longer than `limits`.
        ValueError: samples without a sample rate, or of another shape.
        WatermarkUnavailableError: the weights are missing.
    """
    chosen = shared_detector() if detector is None else detector
    if isinstance(audio, np.ndarray):
        samples = _prepared(audio, sample_rate, chosen.sample_rate)
    else:
        source = Path(audio) if isinstance(audio, str) else audio
        samples = read_audio(source, chosen.sample_rate, limits or MediaLimits(math.inf, math.inf))
    return chosen.detect(_blocks(samples, _BLOCK_S * chosen.sample_rate))


def _prepared(samples: Samples, sample_rate: int | None, wanted: int) -> Samples:
    if sample_rate is None or sample_rate <= 0:
        raise ValueError(f"detect needs the samples' rate in Hz as `sample_rate`, not {sample_rate}")
    if samples.ndim not in {1, 2} or not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(
            f"detect takes floats of shape (n,) or (channels, n), not {samples.dtype} of {samples.shape}"
        )
    mono = np.asarray(samples if samples.ndim == 1 else samples.mean(axis=0), np.float32)
    mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
    return mono if sample_rate == wanted else _resampled(mono, sample_rate, wanted)


def _resampled(samples: Samples, sample_rate: int, wanted: int) -> Samples:
    import av

    if not len(samples):
        return samples
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
    frame.sample_rate = sample_rate
    resampler = av.AudioResampler("flt", "mono", wanted)
    made = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([np.zeros(0, np.float32), *(one.to_ndarray()[0] for one in made)])


def _blocks(samples: Samples, size: int) -> Iterator[Samples]:
    for begin in range(0, len(samples), size):
        yield samples[begin : begin + size]
