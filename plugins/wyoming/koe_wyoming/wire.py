"""Wyoming events on one connection, in bounded memory.

`wyoming.event.async_read_event` believes every length that a header states, and its memory with it; it raises
whatever a header of the wrong shape provokes. Reading is therefore done here, writing by the library.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

from wyoming.event import Event, async_write_event

from koe_wyoming.errors import BadEventError, ClientGoneError, shown

GOODBYE_S = 2.0
_DISCARDED_AT_ONCE = 65_536


class Wire:
    """One client's socket.

    Args:
        reader: made with `limit=max_event_bytes`.
        writer: of the same connection.
        max_event_bytes: the most bytes of a header line, and of what follows it.
        send_timeout_s: how long the client may leave what was sent unread.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        max_event_bytes: int,
        send_timeout_s: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._max_event_bytes = max_event_bytes
        self._send_timeout_s = send_timeout_s

    async def receive(self) -> Event | None:
        """The next event, without its payload; None when the client has left.

        Raises:
            BadEventError: it is none, or too large. Nothing can be read after that.
            ClientGoneError: the connection broke.
        """
        try:
            return await self._event()
        except asyncio.LimitOverrunError:
            raise BadEventError(
                f"The event's header is longer than {self._max_event_bytes} bytes "
                "(plugins.wyoming.max_request_bytes)"
            ) from None
        except asyncio.IncompleteReadError:
            return None
        except OSError as error:
            raise ClientGoneError(f"The connection broke: {error}") from error

    async def send(self, event: Event) -> None:
        """Write one event, as soon as the client has taken enough of those before.

        Raises:
            ClientGoneError: the connection broke, or nothing was taken for too long.
        """
        try:
            async with asyncio.timeout(self._send_timeout_s):
                await async_write_event(event, self._writer)
        except OSError as error:
            raise ClientGoneError(f"The client takes nothing more: {error!r}") from error

    async def close(self) -> None:
        """End the connection such that the client can still read what was sent last.

        A socket that is closed over unread input resets the connection, and takes that away.
        """
        with suppress(OSError):
            async with asyncio.timeout(GOODBYE_S):
                self._writer.write_eof()
                while await self._reader.read(_DISCARDED_AT_ONCE):
                    pass
        self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def _event(self) -> Event:
        header = _json_object(await self._reader.readuntil(b"\n"), "The event's header")
        kind, data = header.get("type"), header.get("data") or {}
        if not isinstance(kind, str):
            raise BadEventError(f"The event's type must be a string, not {shown(kind)}")
        if not isinstance(data, dict):
            raise BadEventError(f"The event's data must be an object, not {shown(data)}")
        data_bytes, payload_bytes = self._lengths(header)
        if data_bytes:
            data = {**data, **_json_object(await self._reader.readexactly(data_bytes), "The event's data")}
        await self._discard(payload_bytes)
        return Event(kind, data)

    def _lengths(self, header: dict[str, Any]) -> tuple[int, int]:
        data_bytes, payload_bytes = (_length(header, key) for key in ("data_length", "payload_length"))
        if data_bytes + payload_bytes > self._max_event_bytes:
            raise BadEventError(
                f"The event announces {shown(data_bytes + payload_bytes)} bytes; the limit is "
                f"{self._max_event_bytes} (plugins.wyoming.max_request_bytes)"
            )
        return data_bytes, payload_bytes

    async def _discard(self, count: int) -> None:
        while count:
            count -= len(await self._reader.readexactly(min(count, _DISCARDED_AT_ONCE)))


def _json_object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise BadEventError(f"{what} is not JSON: {shown(data[:_DISCARDED_AT_ONCE])}") from None
    if not isinstance(value, dict):
        raise BadEventError(f"{what} must be a JSON object, not {shown(value)}")
    return value


def _length(header: dict[str, Any], key: str) -> int:
    value = header.get(key)
    if value is None:
        return 0
    if type(value) is not int or value < 0:
        raise BadEventError(f"{key} must be an integer of at least 0, not {shown(value)}")
    return value
