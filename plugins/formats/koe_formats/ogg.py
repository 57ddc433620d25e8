"""Ogg pages without the random serial number that libraries give them: equal audio is equal bytes."""

import zlib

from koe_formats.sink import StreamSink

SERIAL = bytes(4)

_SERIAL_AT = slice(14, 18)
_CHECKSUM_AT = slice(22, 26)
_COUNT_AT = 26
_HEADER_BYTES = 27
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ONES = 0xFFFFFFFF


class PageSink(StreamSink):
    """Bytes leave in whole pages, each with `SERIAL` and the checksum that belongs to it."""

    def take(self) -> bytes:
        pages = []
        start = 0
        while (end := _page_end(self._pending, start)) is not None:
            pages.append(_with_serial(self._pending[start:end]))
            start = end
        del self._pending[:start]
        return b"".join(pages)

    take_all = take


def _page_end(data: bytearray, start: int) -> int | None:
    """Where the page at `start` ends; None where it is not complete yet."""
    table = start + _HEADER_BYTES
    if len(data) < table:
        return None
    body = table + data[start + _COUNT_AT]
    end = body + sum(data[table:body])
    return end if len(data) >= end else None


def _with_serial(page: bytearray) -> bytes:
    page[_SERIAL_AT] = SERIAL
    page[_CHECKSUM_AT] = bytes(4)
    page[_CHECKSUM_AT] = _checksum(bytes(page)).to_bytes(4, "little")
    return bytes(page)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32 has zlib's polynomial, but takes bits from the other end, and starts and ends at 0."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), _ONES) ^ _ONES
    return int(f"{mirrored:032b}"[::-1], 2)
