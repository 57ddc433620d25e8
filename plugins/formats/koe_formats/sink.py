"""Where a codec library writes to."""

import io
from typing import Protocol


class Sink(Protocol):
    """A file for the codec library, and the bytes that may leave for the encoder."""

    def write(self, data: bytes, /) -> int: ...

    def take(self) -> bytes:
        """The bytes that are ready to leave now."""

    def take_all(self) -> bytes:
        """The bytes that have not left, after the library has closed the file."""


class StreamSink:
    """Bytes leave as they come. There is no way back, and the libraries see that there is none."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: bytes, /) -> int:
        self._pending += data
        return len(data)

    def take(self) -> bytes:
        taken, self._pending = bytes(self._pending), bytearray()
        return taken

    take_all = take


class WholeSink(io.BytesIO):
    """Bytes stay until the end, so that the library can go back and complete its header."""

    def take(self) -> bytes:
        return b""

    def take_all(self) -> bytes:
        return self.getvalue()


def open_sink(mode: str) -> StreamSink | WholeSink:
    """The sink for `StreamInfo.mode`."""
    return WholeSink() if mode == "whole" else StreamSink()
