"""The listening socket and all connections of one process."""

import asyncio
import errno
from contextlib import suppress

import structlog
from attrs import define, field
from koe.api import KoeError, OverloadedError, Server

from koe_wyoming.config import WyomingConfig
from koe_wyoming.connection import Connection
from koe_wyoming.errors import ClientGoneError, error_event
from koe_wyoming.wire import GOODBYE_S, Wire

log = structlog.get_logger(__name__)

_STOP_S = 2 * GOODBYE_S
_WAYS_OUT = {
    errno.EADDRINUSE: (
        "the port is in use, perhaps by another koe. Stop that program, or choose another "
        "plugins.wyoming.port (0 takes a free one)"
    ),
    errno.EACCES: "this user may not listen there. Choose a plugins.wyoming.port from 1024 up",
    errno.EADDRNOTAVAIL: (
        "this machine has no such address. Choose one of its own as plugins.wyoming.host (127.0.0.1 for this "
        "machine only, 0.0.0.0 for all its IPv4 addresses)"
    ),
}


class WyomingAddressError(KoeError):
    """Wyoming cannot listen on the address that the config names."""

    code = "address_unavailable"


@define(eq=False)
class Listener:
    """Accepts clients from `start` to `close`."""

    _server: Server
    _config: WyomingConfig
    _accepting: asyncio.Server | None = field(default=None, init=False)
    _serving: set[Connection] = field(factory=set, init=False)
    _tasks: "set[asyncio.Task[None]]" = field(factory=set, init=False)
    _closed: bool = field(default=False, init=False)

    async def start(self) -> None:
        """Begin to accept. Where several processes serve, each listens on the same port.

        Raises:
            WyomingAddressError: the address is taken, forbidden, foreign or unknown.
        """
        config = self._config
        try:
            self._accepting = await asyncio.start_server(
                self._connected,
                config.host or None,
                config.port,
                limit=config.max_request_bytes,
                reuse_port=self._server.workers > 1 or None,
            )
        except OSError as error:
            raise _unavailable(config, error) from error
        log.info("wyoming_listening", host=config.host, port=self.port)

    @property
    def port(self) -> int:
        """The port in use, also where the config says 0."""
        if self._accepting is None or not self._accepting.sockets:
            raise RuntimeError("nothing listens for Wyoming")
        port: int = self._accepting.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop accepting, end every connection, wait until their work has ended."""
        self._closed = True
        if self._accepting is not None:
            await _stop_accepting(self._accepting)
        for connection in self._serving:
            connection.stop()
        await self._ended()
        for task in self._tasks:
            task.cancel()
        await self._ended()

    async def _ended(self) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=_STOP_S)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Not a coroutine: every connection is known from its first moment on, and closed with the rest."""
        config = self._config
        wire = Wire(reader, writer, config.max_request_bytes, config.idle_timeout_s)
        if self._closed or len(self._tasks) >= 2 * config.max_connections:
            wire.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: wire.abort())

    async def _serve(self, wire: Wire) -> None:
        if self._closed:
            return
        if len(self._serving) >= self._config.max_connections:
            await self._refuse(wire)
            return
        connection = Connection(self._server, wire, self._config)
        self._serving.add(connection)
        try:
            await connection.run()
        finally:
            self._serving.discard(connection)

    async def _refuse(self, wire: Wire) -> None:
        error = OverloadedError(
            f"{self._config.max_connections} clients are connected already (plugins.wyoming.max_connections)"
        )
        log.warning("wyoming_connection_refused", connections=len(self._serving))
        with suppress(ClientGoneError):
            await wire.send(error_event(error, "").event())
        await wire.close()


async def _stop_accepting(accepting: asyncio.Server) -> None:
    """Close the listening sockets without losing a connection that is just being accepted.

    asyncio of Python 3.11 forgets such a connection's socket when the server is closed meanwhile
    (python/cpython#109564).
    """
    for listening in accepting.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    await asyncio.sleep(0)
    accepting.close()


def _unavailable(config: WyomingConfig, error: OSError) -> WyomingAddressError:
    reason = _WAYS_OUT.get(error.errno or 0, str(error))
    return WyomingAddressError(f"Wyoming cannot listen on {config.host}:{config.port}: {reason}.")
