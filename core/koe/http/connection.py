"""One connection: hypercorn's, with an end to what a client may leave hanging or send too much of."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import h2.events
import h11
import structlog
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream

from koe.http.control_frames import ControlFrames
from koe.http.refusals import not_understood
from koe.http.stalls import Delivery

log = structlog.get_logger(__name__)

MAX_READ = 16_384
"""Bytes that are read at a time: what is in them is taken apart without a break for others."""
_GOODBYE_S = 1.0


class MisbehavingClientError(Exception):
    """The connection is closed for what its client does."""


class Connection(TCPServer):
    """One connection, on which headers must come in time, and which leaves nothing behind.

    What hypercorn lacks: it counts only from the last request to the end of the next one's headers, so that
    a client that sends them byte by byte has all of `keep_alive_timeout`; when an HTTP/2 client vanishes, its
    sends wait for ever for a window to send in; it takes any number of HTTP/2 control frames; and it leaves
    a connection open on which it has refused a WebSocket.
    """

    def __init__(self, header_timeout_s: float, *args: Any) -> None:
        super().__init__(*args)
        self.waits_since_s = time.monotonic()
        """When the client last had all it asked for."""
        self.aborted = False
        self._header_timeout_s = header_timeout_s
        self._patience_s = header_timeout_s
        self._idle = True
        self._left = False
        self._written = 0
        self._guarded: object = None

    def abort(self) -> None:
        """Break the connection now; what has not been sent is lost."""
        self.aborted = True
        self.writer.transport.abort()

    def delivery(self) -> Delivery["Connection"]:
        """How far the client is with all that was written here."""
        waiting = self.writer.transport.get_write_buffer_size()
        return Delivery(self, self._written - waiting, waiting)

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            if self._left:
                return
            self._idle = event.idle
            self._patience_s = self.config.keep_alive_timeout
            self.waits_since_s = time.monotonic()
        elif isinstance(event, RawData):
            self._written += len(event.data)
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        """What hypercorn's own does, with an eye on what comes in."""
        try:
            await self._read_until_the_end()
        except MisbehavingClientError as error:
            log.info("client_misbehaves", reason=str(error))
            await self._say_goodbye()
        self._left = True
        await self.idle_task.stop()  # or the socket would be held until `keep_alive_timeout`
        await self.protocol.handle(Closed())
        protocol = self.protocol.protocol
        if isinstance(protocol, H2Protocol):
            for buffer in tuple(protocol.stream_buffers.values()):
                await buffer.close()

    async def _read_until_the_end(self) -> None:
        while not self.reader.at_eof():
            self._guard()
            try:
                data = await self.reader.read(MAX_READ)
            except OSError:
                return
            await self._headers_may_begin()
            await self.protocol.handle(RawData(data))
            await self._end_refused_websocket()

    def _guard(self) -> None:
        """Put koe's checks into the protocol, which may have become another one."""
        protocol = self.protocol.protocol
        if protocol is self._guarded:
            return
        self._guarded = protocol
        if isinstance(protocol, H2Protocol):
            _limit_control_frames(protocol)
        else:
            _answer_mistakes(protocol)

    async def _end_refused_websocket(self) -> None:
        protocol = self.protocol.protocol
        stream = protocol.stream if isinstance(protocol, H11Protocol) else None
        if isinstance(stream, WSStream) and stream.closed:
            if stream.app_put is not None:  # it was refused for what came before its answer
                await stream.app_put({"type": "websocket.disconnect", "code": 1006})
            raise MisbehavingClientError("what was sent for a WebSocket is none")

    async def _say_goodbye(self) -> None:
        protocol = self.protocol.protocol
        if not isinstance(protocol, H2Protocol):
            return
        with suppress(ProtocolError, TimeoutError):
            protocol.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            async with asyncio.timeout(_GOODBYE_S):
                await self.protocol_send(RawData(protocol.connection.data_to_send()))

    async def _headers_may_begin(self) -> None:
        """Of HTTP/1.1. What an idle HTTP/2 client sends may be no request, such as a ping."""
        waiting = self._idle and self._patience_s != self._header_timeout_s
        if waiting and isinstance(self.protocol.protocol, H11Protocol):
            self._patience_s = self._header_timeout_s
            await self.idle_task.restart(self._task_group, self._idle_timeout)

    async def _idle_timeout(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.context.terminated.wait(), self._patience_s)
        await asyncio.shield(self._initiate_server_close())


def _limit_control_frames(protocol: H2Protocol) -> None:
    handle, allowance = protocol._handle_events, ControlFrames()  # noqa: SLF001  hypercorn has no door

    async def handle_within_limits(events: list[h2.events.Event]) -> None:
        if not allowance.spend(events, time.monotonic()):
            raise MisbehavingClientError("too many HTTP/2 control frames")
        await handle(events)

    protocol._handle_events = handle_within_limits  # type: ignore[method-assign]  # noqa: SLF001


def _answer_mistakes(protocol: H11Protocol) -> None:
    """Answer requests that are no HTTP like all others that are refused."""

    async def send_error_response(status_code: int) -> None:
        response = not_understood(HTTPStatus(status_code))
        headers: Iterable[tuple[bytes, bytes]] = response.raw_headers
        events: tuple[Any, ...] = (
            h11.Response(
                status_code=response.status_code,
                headers=[*headers, *protocol.config.response_headers("h11")],
            ),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        )
        for event in events:
            await protocol._send_h11_event(event)  # noqa: SLF001

    protocol._send_error_response = send_error_response  # type: ignore[method-assign]  # noqa: SLF001
