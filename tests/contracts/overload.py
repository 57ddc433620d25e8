"""A server whose only place is taken until it is told otherwise."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
from attrs import evolve, frozen
from koe.settings import LimitsSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import LiveServer, live


@frozen
class FullServer:
    """`release` lets the request that takes the place go on; `refused` counts what found no place."""

    server: LiveServer
    release: threading.Event

    @property
    def base_url(self) -> str:
        return f"{self.server.url}/v1"

    @property
    def refused(self) -> int:
        return self.server.service.backend.stats().refused


@contextmanager
def full_server() -> Iterator[FullServer]:
    release = threading.Event()
    engine = FakeEngine(before=lambda _segment, _cancellation: _wait(release))
    settings = evolve(FAKE_SETTINGS, limits=LimitsSettings(max_concurrent=1, max_queued=0))
    with live(FakePlugin(engine), settings=settings) as server, ThreadPoolExecutor(1) as pool:
        body = {"input": "one.", "response_format": "pcm"}
        first = pool.submit(httpx.post, f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
        wait_until(lambda: engine.running, "the only place is taken")
        try:
            yield FullServer(server, release)
        finally:
            release.set()
            assert first.result().status_code == 200


def _wait(release: threading.Event) -> None:
    assert release.wait(PATIENCE_S)
