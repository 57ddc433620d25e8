"""Encoded tones for tests of what plays when."""

import struct

import numpy as np
from koe.stages import AudioFormat
from koe.testing.build import registry_of
from koe.types import AudioChunk, Mode, StreamInfo
from koe_formats import FormatsConfig, FormatsPlugin

RATE = 24_000


def tone(seconds: float, silence_s: float = 0.0) -> np.ndarray:
    """Silence, then 300 Hz."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.where(time < silence_s, 0, 0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32_767).astype("<i2").tobytes()


def streaming_wav_header() -> bytes:
    """Of 16 bit mono whose length is not known yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    endless = 0xFFFFFFFF
    return struct.pack("<4sI4s", b"RIFF", endless, b"WAVE") + form + struct.pack("<4sI", b"data", endless)


def formats() -> dict[str, AudioFormat]:
    registry = registry_of(FormatsPlugin(FormatsConfig()))
    return {name: owned.component for name, owned in registry.formats.items()}


def encoded(name: str, samples: np.ndarray, mode: Mode = "stream") -> list[bytes]:
    """What the encoder gives for each 50 ms, and at the end."""
    encoder = formats()[name].open(StreamInfo(sample_rate=RATE, mode=mode))
    step = RATE // 20
    chunks = (AudioChunk(samples[start : start + step], RATE) for start in range(0, len(samples), step))
    return [*(encoder.feed(chunk) for chunk in chunks), encoder.flush()]
