"""Accepting connections and getting rid of them, with hypercorn's protocols in between.

`hypercorn.asyncio.serve` is not used, because the connections are its own secret and its end is not sure
(0.18): it cancels what is left after `graceful_timeout`, which logs tracebacks and fails when a TLS client
does not answer the goodbye, and on Python 3.12.1 or later it waits for open connections without limit
(pgjones/hypercorn#308). Its `TCPServer`, one for each connection, does all the rest.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any, cast

import structlog
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ASGIFramework

from koe.http.exchanges import Exchanges

log = structlog.get_logger(__name__)

_GOODBYE_S = 1.0


class _Connection(TCPServer):
    """One connection, on which headers must come in time, and which leaves nothing behind.

    hypercorn counts only from the last request to the end of the next one's headers, and a client that sends
    them byte by byte has all of `keep_alive_timeout`; and when an HTTP/2 client vanishes, its sends wait for
    ever for a window to send in.
    """

    def __init__(self, header_timeout_s: float, *args: Any) -> None:
        super().__init__(*args)
        self._header_timeout_s = header_timeout_s
        self._patience_s = header_timeout_s
        self._idle = True

    async def _read_data(self) -> None:
        """What hypercorn's own does, with an eye on when headers begin."""
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            await self._headers_may_begin()
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())
        protocol = self.protocol.protocol
        if isinstance(protocol, H2Protocol):
            for buffer in tuple(protocol.stream_buffers.values()):
                await buffer.close()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._idle = event.idle
            self._patience_s = self.config.keep_alive_timeout
        await super().protocol_send(event)

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


class Connections:
    """All connections of one listening socket. `app` is the outermost application."""

    def __init__(self, app: Exchanges, config: Config, header_timeout_s: float) -> None:
        self._header_timeout_s = header_timeout_s
        self._exchanges = app
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._config = config
        self._context = WorkerContext(max_requests=None)
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accept(self, listener: socket.socket) -> None:
        """Begin to accept; returns at once."""
        tls = self._config.create_ssl_context()
        self._server = await asyncio.start_server(
            self._connected,
            sock=listener,
            backlog=self._config.backlog,
            ssl=tls,
            ssl_handshake_timeout=self._config.ssl_handshake_timeout if tls else None,
            ssl_shutdown_timeout=_GOODBYE_S if tls else None,
        )

    async def close(self) -> None:
        """Stop accepting, let idle connections and requests of the last moment end, cut off the others."""
        self._server.close()
        await self._context.terminated.set()
        await self._wait(2 * _GOODBYE_S)
        if not self._open:
            return
        log.warning("connections_cut_off", connections=len(self._open), requests=self._exchanges.abort())
        for writer in self._open.values():
            writer.transport.abort()
        await self._wait(_GOODBYE_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        loop = asyncio.get_running_loop()
        try:
            await _Connection(
                self._header_timeout_s, self._app, loop, self._config, self._context, {}, reader, writer
            )
        except OSError as error:
            log.debug("connection_lost", error=str(error))  # such as a TLS goodbye that was not answered
        finally:
            del self._open[task]

    async def _wait(self, timeout_s: float) -> None:
        if self._open:
            await asyncio.wait(list(self._open), timeout=timeout_s)
