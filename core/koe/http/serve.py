"""One server process: start, answer, drain, stop."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog
from attrs import define
from hypercorn.config import Config
from starlette.types import ASGIApp

from koe.errors import ConfigError, KoeError
from koe.http import handshakes, sockets
from koe.http.access_log import HypercornLog
from koe.http.connections import Connections
from koe.http.exchanges import Exchanges
from koe.http.files import allow_connections
from koe.http.race import CancelWhen
from koe.http.stream_messages import MAX_MESSAGE_CHARACTERS
from koe.memory import keep_little
from koe.settings import ServerSettings

log = structlog.get_logger(__name__)

EXIT_FAILED = 1
EXIT_CONFIG = 2

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_BACKLOG = 512


class Service(Protocol):
    """What is served. All methods are called on the event loop of the one process."""

    @property
    def app(self) -> ASGIApp:
        """Is given `http` and `websocket` scopes only, no lifespan. Read after `start`."""

    async def start(self) -> None:
        """Make ready to answer. Nothing is accepted before. Cleans up after itself where it raises."""

    def begin_drain(self) -> None:
        """Answer 503 on readiness, refuse new speech, and let long-lived connections end themselves."""

    async def drained(self, timeout_s: float) -> bool:
        """Wait until no speech is being made; False where the time did not suffice."""

    def crowded(self) -> bool:
        """Whether all places for speech are taken."""

    async def stop(self) -> None:
        """Give everything back. Called once after a successful `start`."""


def serve(
    build: Callable[[], Service],
    settings: ServerSettings,
    *,
    listener: socket.socket | None = None,
    ready: Callable[[], None] | None = None,
    supervised: bool = False,
) -> int:
    """Serve in this process until SIGTERM or SIGINT, and return the exit code.

    0 after a drain (also where its deadline broke off what was left), 2 for a `ConfigError`, 1 for any
    other `KoeError`; these are logged without a traceback. A second signal ends the process at once.

    Args:
        build: makes the service; called after the address was bound.
        settings: where to listen and how long to drain.
        listener: a bound socket to take instead of `server.host` and `server.port`.
        ready: called once clients are answered; by default the address goes to standard output.
        supervised: signals may come more than once (from the supervisor, the terminal, the init system);
            ending at once is the supervisor's matter.
    """
    with reported_errors() as outcome:
        sockets.check_tls(settings)
        bound = listener or sockets.bind(settings)
        with bound:
            announce = ready or (lambda: announce_address(sockets.url(bound, settings)))
            keep_little()
            allow_connections(settings.max_connections + (handshakes.MOST if settings.certfile else 0))
            asyncio.run(_serve_until_signal(build(), settings, bound, announce, supervised=supervised))
    return outcome.exit_code


async def serve_async(
    service: Service,
    settings: ServerSettings,
    listener: socket.socket,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Start the service, answer on `listener` (bound, not yet listening) until `stop` is set, drain, stop.

    `ready` is called once connections are accepted. `stop` also ends a start that is still going on.

    Raises:
        KoeError: what `service.start` raised, or the address was taken in the meantime.
    """
    if not await _start(service, stop):
        return
    try:
        await _accept(service, settings, listener, ready, stop)
    finally:
        await service.stop()


def announce_address(url: str) -> None:
    """Say on standard output where the server answers, whatever the log's level and format."""
    sys.stdout.write(f"koe listens on {url}\n")
    sys.stdout.flush()


@define
class Outcome:
    """What a block of `reported_errors` came to."""

    exit_code: int = 0


@contextmanager
def reported_errors() -> Iterator[Outcome]:
    """Turn koe's errors into a log event and an exit code; others are bugs and pass."""
    outcome = Outcome()
    try:
        yield outcome
    except KoeError as error:
        log.error("server_failed", code=error.code, reason=str(error))  # noqa: TRY400  says it all itself
        outcome.exit_code = EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED


def stop_on_signals(stop: asyncio.Event, *, second_kills: bool) -> None:
    """Set `stop` on SIGTERM and SIGINT; with `second_kills`, the next one ends the process at once."""
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        log.info("server_stopping", signal=number.name)
        stop.set()
        if second_kills:
            for each in _SIGNALS:
                loop.remove_signal_handler(each)
                signal.signal(each, signal.SIG_DFL)

    for each in _SIGNALS:
        loop.add_signal_handler(each, on_signal, each)


async def _serve_until_signal(
    service: Service,
    settings: ServerSettings,
    listener: socket.socket,
    ready: Callable[[], None],
    *,
    supervised: bool,
) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop, second_kills=not supervised)
    await serve_async(service, settings, listener, ready=ready, stop=stop)


async def _start(service: Service, stop: asyncio.Event) -> bool:
    with CancelWhen(stop.wait()) as stopped:
        await service.start()
    return not stopped.interrupted


async def _accept(
    service: Service,
    settings: ServerSettings,
    listener: socket.socket,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    exchanges = Exchanges(service.app, settings.max_connections)
    connections = Connections(exchanges, _hypercorn_config(settings), settings, service.crowded)
    sockets.listen(listener, settings, _BACKLOG)
    await connections.accept(listener)
    try:
        log.info("server_ready", url=sockets.url(listener, settings), pid=os.getpid())
        ready()
        await stop.wait()
        await _drain(service, exchanges, settings.drain_timeout_s)
    finally:
        await connections.close()
    log.info("server_stopped")


async def _drain(service: Service, exchanges: Exchanges, timeout_s: float) -> None:
    """Let running requests finish, still answering; break off what is left at the deadline."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_s
    log.info("server_draining", timeout_s=timeout_s)
    service.begin_drain()
    spoken = await service.drained(timeout_s)
    sent = await exchanges.finished(max(0.0, deadline - clock()))
    if not (spoken and sent):
        log.warning("drain_deadline_passed", timeout_s=timeout_s, broken_off=exchanges.abort())


def _hypercorn_config(settings: ServerSettings) -> Config:
    config = Config()
    config.backlog = _BACKLOG
    config.logger_class = HypercornLog
    config.include_server_header = False
    config.websocket_max_message_size = MAX_MESSAGE_CHARACTERS
    config.keep_alive_timeout = settings.keep_alive_timeout_s
    config.h11_max_incomplete_size = settings.max_header_bytes
    config.keep_alive_max_requests = (
        sys.maxsize
    )  # at the limit, hypercorn breaks an HTTP/2 connection's other streams
    config.ssl_handshake_timeout = 10.0
    config.h2_max_concurrent_streams = settings.h2_max_concurrent_streams
    config.h2_max_header_list_size = settings.h2_max_header_bytes
    sockets.set_tls(config, settings)
    return config
