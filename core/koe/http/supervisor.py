"""Several server processes on one port: start, watch, replace, stop.

The parent binds the socket and never accepts. Each worker is this program once more, with the same
arguments, and three inherited file descriptors (`KOE_WORKER_FDS`): the socket, a pipe on which it says
that it is ready, and a pipe that nobody writes to and that ends with the parent, however the parent ends.
It is told its number, which its replacement inherits, and a folder that all workers share.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from attrs import define, field, frozen

from koe.errors import KoeError
from koe.http import siblings, sockets
from koe.http.race import CancelWhen
from koe.http.serve import EXIT_FAILED, Service, announce_address, reported_errors, serve, stop_on_signals
from koe.settings import ServerSettings

log = structlog.get_logger(__name__)

WORKER_FDS = "KOE_WORKER_FDS"

_READY = b"r"
_STOP_MARGIN_S = 15.0
_CLEAN_ENDS = (0, -signal.SIGTERM)  # the latter: told to stop before it had anything to drain


@frozen
class Backoff:
    """How long to wait before a dead worker is replaced: doubled each time, forgotten after good health."""

    first_s: float = 0.5
    longest_s: float = 30.0
    healthy_s: float = 60.0

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row, at least 1."""
        return float(min(self.longest_s, self.first_s * 2 ** min(failures - 1, 32)))


def run_server(build: Callable[[], Service], settings: ServerSettings) -> int:
    """Serve in `server.workers` processes until SIGTERM or SIGINT, and return the exit code.

    This is what `koe serve` calls, in the parent and in the workers alike; only a process that answers
    requests calls `build`. Exit codes as in `serve`; where a worker fails to start for the first time,
    everything stops and its exit code is returned.
    """
    worker = WorkerLink.adopt()
    if worker is not None:
        with worker.listener:
            return serve(
                build, settings, listener=worker.listener, ready=worker.report_ready, supervised=True
            )
    if settings.workers == 1:
        return serve(build, settings)
    return supervise(settings, command=[sys.executable, *sys.orig_argv[1:]])


def supervise(settings: ServerSettings, *, command: Sequence[str], backoff: Backoff | None = None) -> int:
    """Run `command` in `settings.workers` processes that share one listening socket.

    The first worker starts alone, so that what is wrong is said once. A worker that dies later is
    replaced; meanwhile the others answer. On SIGTERM or SIGINT all of them drain; the exit code is 0
    unless one of them fails at it.
    """
    with reported_errors() as outcome:
        sockets.check_tls(settings)
        with sockets.bind(settings) as listener, _lifeline() as life_fd, siblings.made_folder() as shared:
            supervisor = Supervisor(settings, listener, life_fd, shared, tuple(command), backoff or Backoff())
            outcome.exit_code = asyncio.run(supervisor.run())
    return outcome.exit_code


@frozen
class WorkerLink:
    """A worker's end of what ties it to the supervisor."""

    listener: socket.socket
    _ready_fd: int

    @classmethod
    def adopt(cls) -> "WorkerLink | None":
        """The link of this process, which from now on ends with its supervisor; None where it has none."""
        given = os.environ.pop(WORKER_FDS, None)
        if given is None:
            return None
        listener_fd, ready_fd, life_fd = map(int, given.split(","))
        for each in (listener_fd, ready_fd, life_fd):
            os.set_inheritable(each, False)  # noqa: FBT003  positional only
        threading.Thread(target=_end_with, args=(life_fd,), name="koe-supervisor-watch", daemon=True).start()
        return cls(socket.socket(fileno=listener_fd), ready_fd)

    def report_ready(self) -> None:
        os.write(self._ready_fd, _READY)
        os.close(self._ready_fd)


class WorkerStartError(KoeError):
    """A worker ended before it was ready. It has said why."""

    code = "worker_start"

    def __init__(self, exit_code: int) -> None:
        super().__init__(
            f"A worker ended with exit code {exit_code} before it was ready; see its message above"
        )
        self.exit_code = exit_code


@frozen(eq=False)
class Worker:
    """A child process and the pipe on which it says that it is ready."""

    process: Process
    number: int
    _ready_fd: int
    born_s: float = field(factory=time.monotonic)

    async def ready(self) -> bool:
        """Wait until it answers; False where it ended before. Call once."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self._ready_fd, "rb", 0)
        )
        try:
            return await reader.read(1) == _READY
        finally:
            transport.close()


@define(eq=False)
class Supervisor:
    """The parent process's work."""

    _settings: ServerSettings
    _listener: socket.socket
    _life_fd: int
    _shared: Path
    _command: tuple[str, ...]
    _backoff: Backoff
    _workers: set[Worker] = field(factory=set, init=False)

    async def run(self) -> int:
        """Start everything, keep it going until a signal, stop it; returns the exit code."""
        stop = asyncio.Event()
        stop_on_signals(stop, second_kills=True)
        failed = None
        try:
            with CancelWhen(stop.wait()):
                await self._start_and_keep()
        except WorkerStartError as error:
            log.error("server_failed", code=error.code, reason=error.message)  # noqa: TRY400  a foreseen error
            failed = error
        exit_code = await self._terminate()
        return exit_code if failed is None else failed.exit_code

    async def _start_and_keep(self) -> None:
        workers = [await self._started(0)]
        workers += await asyncio.gather(*map(self._started, range(1, self._settings.workers)))
        url = sockets.url(self._listener, self._settings)
        log.info("server_ready", url=url, pid=os.getpid(), workers=[worker.process.pid for worker in workers])
        announce_address(url)
        await asyncio.gather(*map(self._keep, workers))

    async def _started(self, number: int) -> Worker:
        worker = await self._spawn(number)
        if await worker.ready():
            return worker
        raise WorkerStartError(_shell_code(await worker.process.wait()) or EXIT_FAILED)

    async def _keep(self, worker: Worker) -> None:
        """Replace the worker whenever it has ended."""
        failures = 0
        while True:
            exit_code = await worker.process.wait()
            self._workers.discard(worker)
            healthy = time.monotonic() - worker.born_s >= self._backoff.healthy_s
            failures = 1 if healthy else failures + 1
            delay_s = self._backoff.delay_s(failures)
            log.error("worker_died", pid=worker.process.pid, exit_code=exit_code, replaced_in_s=delay_s)
            await asyncio.sleep(delay_s)
            worker = await self._spawn(worker.number)
            if await worker.ready():
                log.info("worker_replaced", pid=worker.process.pid)

    async def _spawn(self, number: int) -> Worker:
        ready_fd, report_fd = os.pipe()
        inherited = (self._listener.fileno(), report_fd, self._life_fd)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=DEVNULL,
                pass_fds=inherited,
                env={
                    **os.environ,
                    WORKER_FDS: ",".join(map(str, inherited)),
                    **siblings.environment(number, self._shared),
                },
                start_new_session=True,  # Ctrl+C in a terminal is the supervisor's to hand on
            )
        except BaseException:
            os.close(ready_fd)
            raise
        finally:
            os.close(report_fd)
        worker = Worker(process, number, ready_fd)
        self._workers.add(worker)
        return worker

    async def _terminate(self) -> int:
        """Let all workers drain; kill what is still there long after the deadline."""
        processes = [worker.process for worker in self._workers]
        for process in processes:
            if process.returncode is None:
                process.terminate()
        ends = [asyncio.ensure_future(process.wait()) for process in processes]
        late_s = self._settings.drain_timeout_s + _STOP_MARGIN_S
        if ends:
            await asyncio.wait(ends, timeout=late_s)
        for process in processes:
            if process.returncode is None:
                log.error("worker_killed", pid=process.pid, after_s=late_s)
                process.kill()
        codes = await asyncio.gather(*ends)
        return next((_shell_code(code) for code in codes if code not in _CLEAN_ENDS), 0)


@contextmanager
def _lifeline() -> Iterator[int]:
    """The reading end of a pipe whose writing end only this process has."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def _end_with(life_fd: int) -> None:
    """Wait in a thread, since the loop may be busy loading, and end this process with its supervisor."""
    os.read(life_fd, 1)
    siblings.remove_folder()
    os._exit(EXIT_FAILED)


def _shell_code(returncode: int) -> int:
    """The exit code as a shell reports it: 128 + n for a process that signal n ended."""
    return returncode if returncode >= 0 else 128 - returncode
