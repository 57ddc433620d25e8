import numpy as np
import pytest
from koe.types import AudioChunk, Mode, StreamInfo
from koe_formats.ogg import PageSink
from koe_formats.opus import OpusFormat
from koe_formats.vorbis import VorbisFormat

RATE = 24_000


def ogg_checksum(page: bytes) -> int:
    """The checksum of RFC 3533, bit by bit."""
    value = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def encoded(made: OpusFormat | VorbisFormat, mode: Mode) -> bytes:
    encoder = made.open(StreamInfo(RATE, mode=mode))
    chunk = AudioChunk(np.sin(np.arange(2 * RATE) / 9).astype(np.float32), RATE)
    return encoder.feed(chunk) + encoder.flush()


def pages(data: bytes) -> list[bytes]:
    found = []
    while data:
        assert data[:4] == b"OggS"
        end = 27 + data[26] + sum(data[27 : 27 + data[26]])
        found.append(data[:end])
        data = data[end:]
    return found


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("made", [OpusFormat(), VorbisFormat()], ids=["opus", "vorbis"])
class TestFormats:
    def test_equal_audio_is_equal_bytes(self, made, mode):
        assert encoded(made, mode) == encoded(made, mode)

    def test_every_page_has_the_serial_and_its_checksum(self, made, mode):
        found = pages(encoded(made, mode))
        assert len(found) >= 3
        for page in found:
            assert page[14:18] == bytes(4)
            assert int.from_bytes(page[22:26], "little") == ogg_checksum(page)


@pytest.mark.parametrize("size", [1, 26, 27, 28, 1000])
def test_pages_leave_whole_however_they_were_written(size):
    data = encoded(VorbisFormat(), "stream")
    sink = PageSink()
    taken = []
    for start in range(0, len(data), size):
        sink.write(data[start : start + size])
        if piece := sink.take():
            taken += pages(piece)
    assert b"".join(taken) == data
