"""One client: what it sends is read while earlier requests are still being spoken."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from attrs import define, field
from koe.api import OverloadedError, Server
from structlog.contextvars import bound_contextvars
from wyoming.event import Event
from wyoming.ping import Pong

from koe_wyoming.catalog import describe
from koe_wyoming.config import WyomingConfig
from koe_wyoming.errors import (
    BadEventError,
    ClientGoneError,
    IdleClientError,
    StoppingError,
    error_event,
    is_own_failure,
)
from koe_wyoming.exchange import Exchange
from koe_wyoming.requests import required_text, speech_request, string
from koe_wyoming.texts import StreamedText
from koe_wyoming.wire import Wire

log = structlog.get_logger(__name__)

MAX_WAITING = 4
"""Requests of one client that may wait behind the one that is being spoken."""


@define(eq=False)
class Connection:
    """Answers one client until it leaves, makes a mistake, or falls silent.

    An `error` ends the connection: Home Assistant waits for the end of the audio and reads no `error`.
    """

    _server: Server
    _wire: Wire
    _config: WyomingConfig
    _waiting: "asyncio.Queue[Exchange]" = field(factory=lambda: asyncio.Queue(MAX_WAITING), init=False)
    _speaking: Exchange | None = field(default=None, init=False)
    _streaming: StreamedText | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(factory=asyncio.Event, init=False)
    _last_sign_s: float = field(factory=time.monotonic, init=False)

    async def run(self) -> None:
        """Returns once the connection is closed and all of its work has ended."""
        tasks = [asyncio.create_task(work) for work in (self._speak(), self._read(), self._watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        failures = [error for task in tasks if not task.cancelled() and (error := task.exception())]
        await self._end(failures[0] if failures else None)

    def stop(self) -> None:
        """End the connection now; a request that is still being spoken is broken off with an `error`."""
        self._stopping.set()

    async def _end(self, failure: BaseException | None) -> None:
        if isinstance(failure, ClientGoneError):
            self._wire.abort()
            return
        if isinstance(failure, Exception):
            await self._tell(failure)
        await self._wire.close()

    async def _tell(self, failure: Exception) -> None:
        request_id = self._speaking.request.request_id if self._speaking else ""
        told = error_event(failure, request_id)
        if is_own_failure(failure):
            log.error("wyoming_request_failed", request_id=request_id, exc_info=failure)
        elif isinstance(failure, BadEventError):
            log.warning("wyoming_bad_event")  # what the message quotes may be somebody's text
        else:
            log.warning("wyoming_request_refused", request_id=request_id, code=told.code, reason=told.text)
        with suppress(ClientGoneError):
            await self._wire.send(told.event())

    async def _read(self) -> None:
        while (event := await self._wire.receive()) is not None:
            self._last_sign_s = time.monotonic()
            if handle := _HANDLERS.get(event.type):
                await handle(self, event)
            await asyncio.sleep(0)  # reading what is buffered already would not let other clients' turns come

    async def _speak(self) -> None:
        while True:
            self._speaking = await self._waiting.get()
            with bound_contextvars(request_id=self._speaking.request.request_id):
                await self._speaking.answer(self._server, self._send, self._config.samples_per_chunk)
            self._speaking = None

    async def _watch(self) -> None:
        """Returns when the server stops, unless that breaks something off."""
        while (left_s := self._patience_s()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._stopping.wait()
            if self._stopping.is_set():
                if self._speaking is not None or not self._waiting.empty():
                    raise StoppingError("The server is shutting down and breaks this request off")
                return
        raise IdleClientError(
            f"Nothing came for {self._config.idle_timeout_s:g} s (plugins.wyoming.idle_timeout_s)"
        )

    def _patience_s(self) -> float:
        """How long the client may still be silent; all of the time while it waits for audio."""
        texts = self._speaking.texts if self._speaking else None
        if self._speaking is not None and not (texts is not None and texts.waiting):
            return self._config.idle_timeout_s
        return self._last_sign_s + self._config.idle_timeout_s - time.monotonic()

    async def _send(self, event: Event) -> None:
        await self._wire.send(event)
        self._last_sign_s = time.monotonic()

    def _enqueue(self, exchange: Exchange) -> None:
        try:
            self._waiting.put_nowait(exchange)
        except asyncio.QueueFull:
            raise OverloadedError(
                f"{MAX_WAITING} requests of this connection wait already; wait for audio-stop before the next"
            ) from None

    async def on_describe(self, _event: Event) -> None:
        await self._send(describe(self._server).event())

    async def on_ping(self, event: Event) -> None:
        await self._send(Pong(string(event.data, "text", "text") or None).event())

    async def on_synthesize(self, event: Event) -> None:
        """Within a stream it repeats the whole text, for servers that cannot stream."""
        if self._streaming is None:
            self._enqueue(Exchange(speech_request(event, self._server, required_text(event))))

    async def on_start(self, event: Event) -> None:
        if self._streaming is not None:
            raise BadEventError("synthesize-start came again before synthesize-stop")
        request = speech_request(event, self._server)
        texts = StreamedText(self._config.max_request_bytes, whole=request.markup != "text")
        self._enqueue(Exchange(request, texts))
        self._streaming = texts

    async def on_chunk(self, event: Event) -> None:
        self._stream(event).feed(required_text(event))

    async def on_stop(self, event: Event) -> None:
        self._stream(event).finish()
        self._streaming = None

    def _stream(self, event: Event) -> StreamedText:
        if self._streaming is None:
            raise BadEventError(f"{event.type} came without synthesize-start")
        return self._streaming


_HANDLERS: Mapping[str, Callable[[Connection, Event], Awaitable[None]]] = {
    "describe": Connection.on_describe,
    "ping": Connection.on_ping,
    "synthesize": Connection.on_synthesize,
    "synthesize-start": Connection.on_start,
    "synthesize-chunk": Connection.on_chunk,
    "synthesize-stop": Connection.on_stop,
}
"""Other events are ignored, as the protocol wants it."""
