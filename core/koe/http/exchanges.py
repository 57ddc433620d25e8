"""Every request on its way, so that none of them can end looking complete when it is not.

What hypercorn 0.18 does when an application fails after its answer has begun (`hypercorn/protocol/`):

- HTTP/1.1: closes the connection without the last chunk, or short of `content-length`: visible.
- HTTP/1.0 without `content-length`: closes the connection, which there means "complete".
- HTTP/2: sends nothing at all. The client waits for ever.

While an HTTP/2 client grants no window, hypercorn takes whatever it is given into memory. When a request is
answered before all of it has come, the rest ends its HTTP/2 connection; and what the application has not
read by then (more than `max_app_queue_size` pieces) blocks the connection, its tasks included, for ever.

ASGI has no message for any of this, so `_Wire` reaches through hypercorn's own objects: the `send` that the
outermost application is given is a method of the stream, which holds a method of the protocol, which holds
a method of the TCP server. This is why the version of hypercorn is pinned to 0.18.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import structlog
from attrs import define, field
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.events import Event
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WebsocketBuffer, WSStream
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from wsproto.events import Message as Frame

from koe.http.headers import REQUEST_ID, RETRY_AFTER, RETRY_AFTER_MS, new_request_id
from koe.http.responses import ResponseAbortedError
from koe.http.stalls import Delivery

log = structlog.get_logger(__name__)

MAX_SENT_AT_ONCE = 65_536
"""Bytes of an answer that are handed to hypercorn at a time: it copies what is not yet sent."""

_SHARE = 0.25
"""How much of the room that is left one connection may take."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_FINISH_ON_CLOSE = struct.pack("ii", 0, 0)
_ENDS = frozenset({"http.disconnect", "websocket.disconnect"})
_LAST_WORDS_S = 1.0
"""How long a client has to take what was sent before its answer is broken off: it may say why."""


class Exchanges:
    """The outermost ASGI application: hands requests on, and breaks off what did not end properly.

    Many HTTP/2 streams are many requests. The more of `max_running` there are, the fewer may be on one
    connection; further ones get 503, without a body, which clients that let nothing through would have kept.
    The first on a connection is always taken.
    """

    def __init__(self, app: ASGIApp, max_running: int = 1000) -> None:
        self._app = app
        self._max_running = max_running
        self._on: Counter[TCPServer] = Counter()
        self._running: set[Exchange] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        exchange = Exchange(scope, receive, send, task)
        if not self._has_room(exchange):
            exchange.hear_no_more()
            await _refuse(send)
            return
        ahead = self._on[exchange.connection]
        self._running.add(exchange)
        self._on[exchange.connection] += 1
        try:
            for _ in range(ahead):  # a hundred requests at once on one connection begin one after the other
                await asyncio.sleep(0)
            await self._app(scope, exchange.receive, exchange.send)
        except ResponseAbortedError:
            exchange.aborted = True  # logged where it was raised
        except Exception:
            log.exception("request_failed", path=scope["path"])
        finally:
            try:
                await exchange.break_off_if_incomplete()
            finally:
                exchange.hear_no_more()
                self._running.discard(exchange)
                self._forget(exchange.connection)

    def _has_room(self, exchange: "Exchange") -> bool:
        free = max(0, self._max_running - len(self._running))
        return exchange.scope["type"] == "websocket" or self._on[exchange.connection] <= free * _SHARE

    def _forget(self, connection: TCPServer) -> None:
        self._on[connection] -= 1
        if not self._on[connection]:
            del self._on[connection]

    def deliveries(self) -> Iterator[Delivery["Exchange"]]:
        """How far the clients are with what HTTP/2 lets them take or leave, answer by answer."""
        for exchange in self._running:
            if not exchange.aborted:
                yield Delivery(exchange, *exchange.delivered())

    def busy(self) -> set[TCPServer]:
        """The connections on which a complete request is being answered, or a WebSocket is open."""
        return {exchange.connection for exchange in self._running if exchange.heard}

    async def finished(self, timeout_s: float) -> bool:
        """Wait for the requests that are on their way now; False where the time did not suffice."""
        tasks = [exchange.task for exchange in self._running]
        if not tasks:
            return True
        _, unfinished = await asyncio.wait(tasks, timeout=timeout_s)
        return not unfinished

    def abort(self) -> int:
        """Break every connection that still carries a request, and cancel the work. Returns how many."""
        running = tuple(self._running)
        for exchange in running:
            exchange.abort()
        return len(running)


@define(eq=False)
class Exchange:
    """One request and how far its answer has come."""

    scope: Scope
    _receive: Receive
    _send: Send
    task: asyncio.Task[None]
    aborted: bool = field(default=False, init=False)
    heard: bool = field(default=False, init=False)
    """All of the request has come, or it is being answered."""
    _sent_bytes: int = field(default=0, init=False)
    _wire: "_Wire" = field(init=False)
    _begun: bool = field(default=False, init=False)
    _complete: bool = field(default=False, init=False)
    _ends_with_connection: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._wire = _Wire(self._send)

    @property
    def connection(self) -> TCPServer:
        return self._wire.server

    async def receive(self) -> Message:
        message = await self._receive()
        self.heard = self.heard or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        self.heard = True
        if message["type"] == "http.response.body":
            await self._send_body(message)
            return
        if message["type"] == "http.response.start":
            self._begun = True
            if self.scope["http_version"] == "1.0" and not _has_length(message):
                self._ends_with_connection = True
                self._wire.reset_on_close()
        await self._send(message)
        await self._wire.room()

    async def _send_body(self, message: Message) -> None:
        left = memoryview(message.get("body", b""))
        last = not message.get("more_body", False)
        while len(left) > MAX_SENT_AT_ONCE:
            await self._send_piece(left[:MAX_SENT_AT_ONCE], more=True)
            left = left[MAX_SENT_AT_ONCE:]
        if last:
            self.hear_no_more()
            if self._ends_with_connection:
                self._wire.finish_on_close()
        await self._send_piece(left, more=not last)
        self._complete = self._complete or last

    async def _send_piece(self, piece: memoryview, *, more: bool) -> None:
        self._sent_bytes += len(piece)
        await self._send({"type": "http.response.body", "body": bytes(piece), "more_body": more})
        await self._wire.room()

    def hear_no_more(self) -> None:
        """Nobody will read what is left of the request."""
        self._wire.throw_away_the_rest(self._receive)

    def delivered(self) -> tuple[int, int]:
        """Bytes of an HTTP/2 answer that the client has let through, and bytes that wait for it."""
        waiting = self._wire.waiting() if self.scope["type"] == "http" else 0
        return self._sent_bytes - waiting, waiting

    def give_up(self) -> None:
        """End the work, and with it the answer, visibly."""
        self.aborted = True
        self.task.cancel()

    async def break_off_if_incomplete(self) -> None:
        if self.scope["type"] == "http" and self._begun and not self._complete:
            if self.aborted:
                await self._wire.delivered(_LAST_WORDS_S)
            await self._wire.break_off(rudely=self._ends_with_connection)
        elif self.scope["type"] == "websocket" and self.aborted:
            await self._wire.break_off(rudely=True)

    def abort(self) -> None:
        self.task.cancel()
        self._wire.abort()


class _Wire:
    """The parts of hypercorn behind one ASGI `send`."""

    def __init__(self, send: Send) -> None:
        stream = getattr(send, "__self__", None)
        protocol = getattr(getattr(stream, "send", None), "__self__", None)
        server = getattr(getattr(protocol, "send", None), "__self__", None)
        if (
            not isinstance(stream, HTTPStream | WSStream)
            or not isinstance(protocol, H11Protocol | H2Protocol)
            or not isinstance(server, TCPServer)
        ):
            raise TypeError(
                "koe.http.exchanges must be the outermost application of hypercorn 0.18 over TCP; its send "
                f"is of {type(stream).__name__}, on {type(protocol).__name__}, on {type(server).__name__}"
            )
        if isinstance(protocol, H2Protocol) and not isinstance(protocol.streams, _Streams):
            protocol.streams = _Streams(protocol.streams)
        if isinstance(stream, WSStream):
            stream.buffer = _Message(stream.buffer.max_length + 1)
            stream.handshake.extensions = None  # no compression: audio does not shrink, and bombs grow
        self._stream = stream
        self._protocol = protocol
        self._server = server

    @property
    def server(self) -> TCPServer:
        return self._server

    def throw_away_the_rest(self, receive: Receive) -> None:
        """Of what still comes in, let through the end alone. `receive` is hypercorn's own."""
        queue = getattr(receive, "__self__", None)
        assert isinstance(queue, asyncio.Queue)

        async def put(message: Message) -> None:
            if message["type"] in _ENDS:
                _empty(queue)
                queue.put_nowait(message)

        self._stream.app_put = put
        _empty(queue)  # lets go who waits for room in it

    def waiting(self) -> int:
        """Bytes that an HTTP/2 client has not let through."""
        if isinstance(self._protocol, H2Protocol):
            buffer = self._protocol.stream_buffers.get(self._stream.stream_id)
            return len(buffer.buffer) if buffer is not None else 0
        return 0

    def reset_on_close(self) -> None:
        """From now on the connection ends with a TCP reset, even when the process is killed.

        Every send waits until the kernel has all bytes: what is behind `finish_on_close` is then safe.
        """
        self._server.writer.transport.set_write_buffer_limits(high=0)
        self._set_linger(_RESET_ON_CLOSE)

    def finish_on_close(self) -> None:
        self._set_linger(_FINISH_ON_CLOSE)

    async def room(self) -> None:
        """Wait until an HTTP/2 client has taken most of what it was sent (HTTP/1 sends wait themselves)."""
        if isinstance(self._protocol, H2Protocol):
            buffer = self._protocol.stream_buffers.get(self._stream.stream_id)
            if buffer is not None and len(buffer.buffer) >= BUFFER_HIGH_WATER:
                await buffer.drain()

    async def delivered(self, timeout_s: float) -> None:
        """Wait until everything has been handed to the kernel, at most for a while."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(timeout_s):
                if isinstance(self._protocol, H2Protocol):
                    buffer = self._protocol.stream_buffers.get(self._stream.stream_id)
                    if buffer is not None and buffer.buffer:
                        await buffer.drain()
                self._server.writer.transport.set_write_buffer_limits(high=0)
                await self._server.writer.drain()

    async def break_off(self, *, rudely: bool) -> None:
        if self._stream.closed:
            return
        if isinstance(self._protocol, H2Protocol):
            await self._reset_stream(self._protocol)
            return
        if rudely:
            self.reset_on_close()
        self.abort()

    def abort(self) -> None:
        self._server.writer.transport.abort()

    async def _reset_stream(self, protocol: H2Protocol) -> None:
        stream_id = self._stream.stream_id
        with suppress(ProtocolError):  # the client has reset it in the meantime
            protocol.connection.reset_stream(stream_id, ErrorCodes.INTERNAL_ERROR)
        buffer = protocol.stream_buffers.get(stream_id)
        if buffer is not None:
            await buffer.close()
            protocol.priority.unblock(stream_id)  # the sending task removes what is closed
            await protocol.has_data.set()
        await protocol._flush()  # noqa: SLF001  keeps hypercorn's order of frames

    def _set_linger(self, value: bytes) -> None:
        sock = self._server.writer.get_extra_info("socket")
        with suppress(OSError):  # closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)


class _Streams(dict[int, HTTPStream | WSStream]):
    """hypercorn's table of running HTTP/2 streams.

    A request that is answered before its body has come to its end (413, say) is no longer in the table;
    the rest of its body would end the connection with a `KeyError`, and every other answer on it.
    """

    def __missing__(self, stream_id: int) -> "_Answered":
        return _Answered()


class _Message(WebsocketBuffer):
    """One message of a WebSocket client's, of which at most one character more than allowed is kept.

    hypercorn's own keeps all of what is too large, and closes without a word to the application, which
    goes on; so this one lets the application see that it is too large.
    """

    def extend(self, event: "Frame[Any]") -> None:
        """Keep what there is room for."""
        super().extend(replace(event, data=event.data[: self.max_length - self.length]))


class _Answered:
    """Takes what still comes in for a stream that has been answered."""

    async def handle(self, event: Event) -> None:
        """Throw it away."""


async def _refuse(send: Send) -> None:
    said = {RETRY_AFTER: "1", RETRY_AFTER_MS: "1000", REQUEST_ID: new_request_id(), "content-length": "0"}
    headers = [(name.encode(), value.encode()) for name, value in said.items()]
    await send({"type": "http.response.start", "status": HTTPStatus.SERVICE_UNAVAILABLE, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _empty(queue: "asyncio.Queue[Any]") -> None:
    while not queue.empty():
        queue.get_nowait()


def _has_length(start: Message) -> bool:
    return any(name.lower() == b"content-length" for name, _ in start.get("headers", ()))
