"""What koe and the process of espeak-ng say to each other: a head as JSON, and audio behind it."""

import json
import struct
from collections.abc import Callable
from typing import Any

_LENGTHS = struct.Struct("<II")

Read = Callable[[int], bytes]
"""So many bytes, fewer at the end."""


class EndedError(Exception):
    """The other end is gone."""


def packed(head: Any, audio: bytes = b"") -> bytes:
    """A frame."""
    text = json.dumps(head).encode("ascii")
    return _LENGTHS.pack(len(text), len(audio)) + text + audio


def unpacked(read: Read) -> tuple[Any, bytes]:
    """The next frame. Raises `EndedError` where there is no whole one."""
    text_length, audio_length = _LENGTHS.unpack(_exactly(read, _LENGTHS.size))
    return json.loads(_exactly(read, text_length)), _exactly(read, audio_length)


def _exactly(read: Read, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        more = read(count - len(found))
        if not more:
            raise EndedError
        found += more
    return bytes(found)
