"""Decodes what a server sent."""

import io

import av
import numpy as np

FRAME_SAMPLES = {"mp3": 576, "opus": 960, "aac": 1024, "flac": 4608, "wav": 1, "pcm": 1, "vorbis": 2048}
"""The most samples that one codec frame holds, at 24 kHz (Opus: 20 ms at 48 kHz)."""


def decoded(data: bytes, name: str) -> np.ndarray:
    """Mono float32 samples at 24 kHz."""
    if name == "pcm":
        return np.frombuffer(data, "<i2").astype(np.float32) / 32768
    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler("flt", "mono", 24_000)
        parts = [
            part.to_ndarray()[0]
            for frame in [*container.decode(audio=0), None]
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
