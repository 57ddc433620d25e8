"""Uncompressed audio: `pcm` and `wav`. Needs no codec library."""

import struct
from collections.abc import Mapping
from typing import Any, ClassVar

from koe.api import AudioChunk, AudioFormat, Encoder, StreamInfo

from koe_formats.intake import Intake, to_int16
from koe_formats.options import choose_sample_rate, refuse_bitrate
from koe_formats.tags import info_chunk

UNKNOWN_SIZE = 0xFFFFFFFF
"""What the sizes in a WAV header say while nobody knows them; players then read to the end."""

BYTES_PER_SAMPLE = 2


class PcmFormat(AudioFormat):
    """Signed 16-bit little-endian mono samples, nothing else."""

    name = "pcm"
    media_type: ClassVar[str] = "audio/pcm"
    extension: ClassVar[str] = "pcm"
    lossless: ClassVar[bool] = True
    conformance: ClassVar[Mapping[str, Any]] = {"headerless": True}

    def __init__(self, sample_rate: int = 24_000) -> None:
        self._sample_rate = sample_rate

    def open(self, info: StreamInfo) -> Encoder:
        refuse_bitrate(self, info)
        return PcmEncoder(Intake(info.sample_rate, choose_sample_rate(self, info, self._sample_rate)))


class WavFormat(AudioFormat):
    """RIFF WAVE with signed 16-bit mono samples."""

    name = "wav"
    media_type: ClassVar[str] = "audio/wav"
    extension: ClassVar[str] = "wav"
    lossless: ClassVar[bool] = True

    def open(self, info: StreamInfo) -> Encoder:
        refuse_bitrate(self, info)
        sample_rate = choose_sample_rate(self, info)
        intake = Intake(info.sample_rate, sample_rate)
        if info.mode == "whole":
            return WholeWavEncoder(intake, sample_rate, info_chunk(info.tags))
        return StreamWavEncoder(intake, sample_rate, info_chunk(info.tags))


class PcmEncoder(Encoder):
    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def feed(self, chunk: AudioChunk) -> bytes:
        return to_int16(self._intake.take(chunk)).tobytes()

    def flush(self) -> bytes:
        return to_int16(self._intake.drain()).tobytes()


class StreamWavEncoder(PcmEncoder):
    """The header goes out with the first bytes and leaves the length open."""

    def __init__(self, intake: Intake, sample_rate: int, tags: bytes = b"") -> None:
        super().__init__(intake)
        self._header = wav_header(sample_rate, None, tags)

    def feed(self, chunk: AudioChunk) -> bytes:
        return self._take_header() + super().feed(chunk)

    def flush(self) -> bytes:
        return self._take_header() + super().flush()

    def _take_header(self) -> bytes:
        header, self._header = self._header, b""
        return header


class WholeWavEncoder(PcmEncoder):
    """Keeps the samples until the header can tell how many there are."""

    def __init__(self, intake: Intake, sample_rate: int, tags: bytes = b"") -> None:
        super().__init__(intake)
        self._sample_rate = sample_rate
        self._tags = tags
        self._data = bytearray()

    def feed(self, chunk: AudioChunk) -> bytes:
        self._data += super().feed(chunk)
        return b""

    def flush(self) -> bytes:
        self._data += super().flush()
        return wav_header(self._sample_rate, len(self._data), self._tags) + bytes(self._data)

    def close(self) -> None:
        self._data = bytearray()


def wav_header(sample_rate: int, data_bytes: int | None, tags: bytes = b"") -> bytes:
    """What stands before the samples: 44 bytes and the chunk with `tags`.

    None leaves the length open, and so do 4 GiB and more.
    """
    riff_bytes = UNKNOWN_SIZE if data_bytes is None else min(data_bytes + 36 + len(tags), UNKNOWN_SIZE)
    data_bytes = UNKNOWN_SIZE if data_bytes is None else min(data_bytes, UNKNOWN_SIZE)
    layout = (16, 1, 1, sample_rate, sample_rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE)
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", *layout)
        + tags
        + struct.pack("<4sI", b"data", data_bytes)
    )
