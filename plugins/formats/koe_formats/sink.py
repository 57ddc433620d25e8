"""Where a codec library writes to."""

import io

from koe.api import Mode


class StreamSink:
    """Bytes leave as they come. There is no way back, and the libraries see that there is none."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: bytes, /) -> int:
        self._pending += data
        return len(data)

    def take(self) -> bytes:
        """The bytes that are ready to leave now."""
        taken, self._pending = bytes(self._pending), bytearray()
        return taken

    take_all = take


class WholeSink(io.BytesIO):
    """Bytes stay until the end, so that the library can go back and complete its header."""

    def take(self) -> bytes:
        return b""

    def take_all(self) -> bytes:
        """Everything, after the library has closed the file."""
        return self.getvalue()


def open_sink(mode: Mode) -> StreamSink | WholeSink:
    """The sink for `StreamInfo.mode`."""
    return WholeSink() if mode == "whole" else StreamSink()
