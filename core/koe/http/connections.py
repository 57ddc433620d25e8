"""Accepting connections and getting rid of them, with hypercorn's protocols in between.

`hypercorn.asyncio.serve` is not used, because the connections are its own secret and its end is not sure
(0.18): it cancels what is left after `graceful_timeout`, which logs tracebacks and fails when a TLS client
does not answer the goodbye, and on Python 3.12.1 or later it waits for open connections without limit
(pgjones/hypercorn#308). Its `TCPServer`, one for each connection, does all the rest.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from typing import cast

import structlog
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from koe.http.connection import Connection
from koe.http.exchanges import Exchange, Exchanges
from koe.http.handshakes import Handshakes
from koe.http.refusals import Crowd
from koe.http.stalls import Delivery, Stalls
from koe.settings import ServerSettings

log = structlog.get_logger(__name__)

_GOODBYE_S = 1.0
_WATCH_S = 1.0


class Connections:
    """All connections of one listening socket.

    Args:
        app: the outermost application.
        config: hypercorn's.
        settings: koe's own.
        crowded: whether answers that nobody takes keep others waiting now.
    """

    def __init__(
        self, app: Exchanges, config: Config, settings: ServerSettings, crowded: Callable[[], bool]
    ) -> None:
        self._crowded = crowded
        self._settings = settings
        self._exchanges = app
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._config = config
        self._context = WorkerContext(max_requests=None)
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._crowd = Crowd(settings.max_connections)
        self._handshakes: Handshakes | None = None

    async def accept(self, listener: socket.socket) -> None:
        """Begin to accept; returns at once."""
        tls, backlog = self._config.create_ssl_context(), self._config.backlog
        if tls is None:
            self._server = await asyncio.start_server(self._connected, sock=listener, backlog=backlog)
        else:
            shaking = Handshakes(tls, self._connected, self._config.ssl_handshake_timeout, _GOODBYE_S)
            loop, self._handshakes = asyncio.get_running_loop(), shaking
            self._server = await loop.create_server(shaking.newcomer, sock=listener, backlog=backlog)
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop accepting, let idle connections and requests of the last moment end, cut off the others."""
        self._watching.cancel()
        self._server.close()
        if self._handshakes is not None:
            self._handshakes.close()
        await self._context.terminated.set()
        await self._wait(2 * _GOODBYE_S)
        if not self._open:
            return
        log.warning("connections_cut_off", connections=len(self._open), requests=self._exchanges.abort())
        for connection in self._open.values():
            connection.abort()
        await self._wait(_GOODBYE_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._has_room():
            await self._crowd.refuse(reader, writer)
            return
        task = asyncio.current_task()
        assert task is not None
        patience_s, loop = self._settings.header_timeout_s, asyncio.get_running_loop()
        connection = Connection(patience_s, self._app, loop, self._config, self._context, {}, reader, writer)
        self._open[task] = connection
        try:
            await connection
        except OSError as error:
            log.debug("connection_lost", error=str(error))  # such as a TLS goodbye that was not answered
        except Exception as error:
            # What hypercorn and its libraries do not foresee in what a client sends ends that connection.
            log.info("connection_failed", errors=sorted(set(_names(error))))
            log.debug("connection_failed_here", exc_info=error)
        finally:
            del self._open[task]
            connection.abort()

    def _has_room(self) -> bool:
        """Whether one more may stay; where it must, the one that waits longest for a request makes room."""
        staying = [one for one in self._open.values() if not one.aborted]
        if len(staying) < self._settings.max_connections:
            return True
        busy = self._exchanges.busy()
        waiting = [one for one in staying if one not in busy]
        if waiting:
            min(waiting, key=lambda one: one.waits_since_s).abort()
            self._crowd.replaced()
        return bool(waiting)

    async def _watch(self) -> None:
        """Break off what nobody takes."""
        connections: Stalls[Connection] = Stalls()
        answers: Stalls[Exchange] = Stalls()
        patience_s = self._settings.stall_timeout_s
        hurried_s = min(patience_s, self._settings.crowded_stall_timeout_s)
        while True:
            await asyncio.sleep(min(_WATCH_S, hurried_s / 4))
            now_s, timeout_s = time.monotonic(), hurried_s if self._crowded() else patience_s
            stalled = connections.overdue(self._deliveries(), now_s, timeout_s)
            for connection in stalled:
                connection.abort()
            given_up = answers.overdue(self._exchanges.deliveries(), now_s, timeout_s)
            for exchange in given_up:
                exchange.give_up()
            if stalled or given_up:
                log.info(
                    "clients_stalled",
                    connections=len(stalled),
                    http2_answers=len(given_up),
                    timeout_s=timeout_s,
                )

    def _deliveries(self) -> Iterator[Delivery[Connection]]:
        for connection in self._open.values():
            if not connection.aborted:
                yield connection.delivery()

    async def _wait(self, timeout_s: float) -> None:
        if self._open:
            await asyncio.wait(list(self._open), timeout=timeout_s)


def _names(error: BaseException) -> Iterator[str]:
    """What kinds of errors are in `error`, which may be a group of them."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _names(one)
    else:
        yield type(error).__name__
