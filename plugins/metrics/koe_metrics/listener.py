"""A port for metrics alone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config
from koe.api import KoeError
from starlette.types import ASGIApp

log = structlog.get_logger(__name__)

_STOP_S = 2.0
"""How long clients have to take their last answer."""


class MetricsAddressError(KoeError):
    """The address for metrics cannot be listened on."""

    code = "address_unavailable"


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int, *, shared: bool) -> AsyncIterator[None]:
    """Serve `app` on its own port; with `shared`, other processes listen on the same one.

    Raises:
        MetricsAddressError: the address is taken, forbidden, foreign or unknown.
    """
    stop = asyncio.Event()
    config = Config()
    config.bind = [f"fd://{_bound(host, port, shared=shared).detach()}"]  # hypercorn closes it
    config.accesslog = config.errorlog = None
    config.include_server_header = False
    config.graceful_timeout = _STOP_S / 2
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    log.info("metrics_listening", host=host, port=port)
    try:
        yield
    finally:
        stop.set()
        await _ended(serving)


async def _ended(serving: "asyncio.Task[None]") -> None:
    """Wait for hypercorn 0.18, which fails where it must break answers off, and may wait without limit."""
    _, unfinished = await asyncio.wait([serving], timeout=_STOP_S)
    if unfinished:
        serving.cancel()
        await asyncio.wait(unfinished)
    with suppress(asyncio.CancelledError, asyncio.InvalidStateError):
        serving.result()


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind(address)
            bound.listen()
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise MetricsAddressError(
            f"Metrics cannot be served on {host}:{port}: {error}. Choose another plugins.metrics.port or "
            "plugins.metrics.host; port 0 serves them on koe's own"
        ) from error
    return bound
