"""Accepting connections and getting rid of them, with hypercorn's protocols in between.

`hypercorn.asyncio.serve` is not used, because the connections are its own secret and its end is not sure
(0.18): it cancels what is left after `graceful_timeout`, which logs tracebacks and fails when a TLS client
does not answer the goodbye, and on Python 3.12.1 or later it waits for open connections without limit
(pgjones/hypercorn#308). Its `TCPServer`, one for each connection, does all the rest.
"""

import asyncio
import socket
from typing import cast

import structlog
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.typing import ASGIFramework

from koe.http.exchanges import Exchanges

log = structlog.get_logger(__name__)

_GOODBYE_S = 1.0


class _Connection(TCPServer):
    """One connection, which leaves nothing behind when an HTTP/2 client vanishes.

    hypercorn's sends then wait for ever for a window to send in.
    """

    async def _read_data(self) -> None:
        await super()._read_data()
        protocol = self.protocol.protocol
        if isinstance(protocol, H2Protocol):
            for buffer in tuple(protocol.stream_buffers.values()):
                await buffer.close()


class Connections:
    """All connections of one listening socket. `app` is the outermost application."""

    def __init__(self, app: Exchanges, config: Config) -> None:
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
            await _Connection(self._app, loop, self._config, self._context, {}, reader, writer)
        except OSError as error:
            log.debug("connection_lost", error=str(error))  # such as a TLS goodbye that was not answered
        finally:
            del self._open[task]

    async def _wait(self, timeout_s: float) -> None:
        if self._open:
            await asyncio.wait(list(self._open), timeout=timeout_s)
