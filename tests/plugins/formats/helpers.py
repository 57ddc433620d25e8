"""Encode in one call."""

from koe.api import AudioChunk, AudioFormat, Mode, Samples, StreamInfo
from koe.testing.audio import cut

RATE = 24_000


def encode(
    audio_format: AudioFormat,
    samples: Samples,
    *,
    rate: int = RATE,
    mode: Mode = "stream",
    output_sample_rate: int | None = None,
    bitrate: int | None = None,
) -> bytes:
    """The whole response, fed in chunks of 50 ms."""
    info = StreamInfo(rate, mode=mode, output_sample_rate=output_sample_rate, bitrate=bitrate)
    encoder = audio_format.open(info)
    fed = [encoder.feed(chunk) for chunk in cut(samples, rate, rate // 20)]
    encoded = b"".join([*fed, encoder.flush()])
    encoder.close()
    return encoded


def chunk(samples: Samples, rate: int = RATE) -> AudioChunk:
    return AudioChunk(samples, rate)
