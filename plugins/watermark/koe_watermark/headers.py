"""What the headers of MP3 and WAV files say about their length."""

import os
from typing import BinaryIO, Final

_ID3_HEADER: Final = 10
_FIRST_FRAME: Final = 256
"""Bytes from the first frame of an MP3 file on in which its length stands, where it does."""
_RIFF_HEADER: Final = 12
_CHUNK_HEADER: Final = 8
_MOST_CHUNKS: Final = 100
_UNKNOWN_SIZES: Final = 0x7FFF_0000
"""What programs write into headers that they cannot come back to: this much, or all bits set."""


def mp3_states_length(file: BinaryIO) -> bool:
    """Whether the first frame, behind any ID3v2 tag, is one of those by Xing, LAME or Fraunhofer."""
    file.seek(0, os.SEEK_SET)
    head = file.read(_ID3_HEADER)
    begin = 0
    if len(head) == _ID3_HEADER and head.startswith(b"ID3"):
        begin = _ID3_HEADER + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(head[6:])))
    file.seek(begin)
    frame = file.read(_FIRST_FRAME)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def wav_is_open_ended(file: BinaryIO) -> bool:
    """Whether the data chunk was begun without knowing its size, as streams are."""
    file.seek(_RIFF_HEADER)
    for _ in range(_MOST_CHUNKS):
        head = file.read(_CHUNK_HEADER)
        size = int.from_bytes(head[4:], "little")
        if head.startswith(b"data"):
            return size == 0 or size >= _UNKNOWN_SIZES
        if len(head) < _CHUNK_HEADER:
            return False
        file.seek(size + size % 2, os.SEEK_CUR)
    return False
