"""TLS handshakes, of which only so many are under way at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import TypeAlias

from attrs import define, field

MOST = 128
"""Under way at a time. Each holds a file, which is not yet among those of `server.max_connections`."""

Connected: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@define(eq=False)
class Handshakes:
    """Greets those who connect, and hands over the streams of those who answer.

    `asyncio.start_server` does the same, for any number of clients that say nothing. Here one too many makes
    the oldest give up.

    Args:
        tls: certificates and what else the server says of itself.
        connected: gets the streams, in a task of their own.
        timeout_s: for one handshake.
        goodbye_s: how long a client may take to answer the end of its connection.
    """

    tls: SSLContext
    connected: Connected
    timeout_s: float
    goodbye_s: float
    _under_way: dict[asyncio.Task[None], asyncio.Transport] = field(factory=dict, init=False)

    def newcomer(self) -> asyncio.Protocol:
        """The protocol of a connection that was just accepted."""
        return _Newcomer(self)

    def begin(self, transport: asyncio.Transport) -> None:
        """Shake hands; returns at once."""
        if len(self._under_way) >= MOST:
            self._give_up(next(iter(self._under_way)))
        task = asyncio.get_running_loop().create_task(self._secure(transport))
        self._under_way[task] = transport
        task.add_done_callback(lambda task: self._under_way.pop(task, None))

    def close(self) -> None:
        """Give up those that are under way."""
        for task in tuple(self._under_way):
            self._give_up(task)

    def _give_up(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task).abort()
        task.cancel()

    async def _secure(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        protocol = _Secured(asyncio.StreamReader(loop=loop), self.connected, loop=loop)
        try:
            secured = await loop.start_tls(
                transport,
                protocol,
                self.tls,
                server_side=True,
                ssl_handshake_timeout=self.timeout_s,
                ssl_shutdown_timeout=self.goodbye_s,
            )
        except OSError:  # no TLS, no certificate where one is asked for, or too late
            transport.abort()
            return
        if secured is not None:  # the client has not left in the meantime
            protocol.connection_made(secured)


class _Newcomer(asyncio.Protocol):
    """Reads nothing: the first bytes are those of the handshake."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._handshakes.begin(transport)


class _Secured(asyncio.StreamReaderProtocol):
    """Streams over TLS. The client's end closes both; it may come before `connection_made`."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False
