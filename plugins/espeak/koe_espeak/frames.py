"""What koe and the process of espeak-ng say to each other: a head as JSON, and audio behind it."""

import json
import struct
from collections.abc import Callable
from typing import Any

LIMIT_S = 10.0
"""An answer takes milliseconds; what takes so long will never come."""
_MAGIC = b"\0koe"
_START = struct.Struct("<4sII")

Read = Callable[[int], bytes]
"""So many bytes, fewer at the end."""


class EndedError(Exception):
    """The other end is gone."""


def packed(head: Any, audio: bytes = b"") -> bytes:
    """A frame."""
    text = json.dumps(head).encode("ascii")
    return _START.pack(_MAGIC, len(text), len(audio)) + text + audio


def unpacked(read: Read) -> tuple[Any, bytes]:
    """The next frame. Raises `EndedError` where there is no whole one.

    What comes before it is passed over: Python, or what is installed with it, may print when it starts.
    """
    start = _exactly(read, _START.size)
    while not start.startswith(_MAGIC):
        start = start[1:] + _exactly(read, 1)
    _, text_length, audio_length = _START.unpack(start)
    return json.loads(_exactly(read, text_length)), _exactly(read, audio_length)


def _exactly(read: Read, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        more = read(count - len(found))
        if not more:
            raise EndedError
        found += more
    return bytes(found)
