"""Real servers for tests: `koe serve` as a process, and the same service in a thread with made-up plugins."""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import evolve, frozen
from koe.hooks import Plugin
from koe.http import sockets
from koe.http.serve import serve_async
from koe.http.service import KoeService
from koe.settings import Settings
from koe.testing.build import FAKE_SETTINGS, registry_of
from koe.text import TextPlugin
from koe_formats import FormatsConfig, FormatsPlugin

from tests.server.harness import PATIENCE_S, ROOT, ToyServer


class KoeServer(ToyServer):
    """`koe serve` with the given arguments, on a free port, in a process of its own."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "koe.cli", "serve", "--port", "0"),
                *("--set", "log.format=json", *arguments),
            ],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("KOE_")} | environ,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )


@frozen
class LiveServer:
    """A server in a thread of this process, the service behind it, and the thread's event loop."""

    url: str
    service: KoeService
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    _stop: asyncio.Event

    def stop(self) -> None:
        """What SIGTERM does. Returns at once; the thread ends when the server has drained."""
        with suppress(RuntimeError):  # it has stopped already
            self.loop.call_soon_threadsafe(self._stop.set)


@contextmanager
def live(*plugins: Plugin, settings: Settings = FAKE_SETTINGS) -> Iterator[LiveServer]:
    """The real service on a real socket, with `plugins`, `text` and `formats`."""
    settings = evolve(settings, server=evolve(settings.server, port=0))
    service = KoeService(registry_of(TextPlugin(), FormatsPlugin(FormatsConfig()), *plugins), settings)
    listener = sockets.bind(settings.server)
    ready, failures = threading.Event(), []
    loop_and_stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        loop_and_stop.append((asyncio.get_running_loop(), stop))
        await serve_async(service, settings.server, listener, ready=ready.set, stop=stop)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            ready.set()

    with listener:
        thread = threading.Thread(target=run, name="live-server")
        thread.start()
        assert ready.wait(PATIENCE_S)
        assert not failures, failures
        loop, stop = loop_and_stop[0]
        server = LiveServer(sockets.url(listener, settings.server), service, loop, thread, stop)
        try:
            yield server
        finally:
            server.stop()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the server did not stop"
