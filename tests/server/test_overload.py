"""More requests than places: each is answered in full or refused, none is lost or shortened."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
from attrs import evolve
from koe.settings import LimitsSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.harness import wait_until
from tests.server.live import live


def _settings(**limits):
    return evolve(FAKE_SETTINGS, limits=LimitsSettings(**limits))


def _waiting_for(gate):
    def wait(segment, cancellation):
        assert gate.wait(30)

    return wait


def _post(server, text):
    body = {"input": text, "response_format": "pcm", "stream": False}
    return httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=30)


def test_twenty_at_once_with_four_places_give_only_200_and_503():
    gate = threading.Event()
    engine = FakeEngine(before=_waiting_for(gate))
    texts = ["abcdefghijklmnopqrst"[: i + 1] + "." for i in range(20)]
    with live(FakePlugin(engine), settings=_settings(max_concurrent=4, max_queued=3)) as server:
        with ThreadPoolExecutor(20) as pool:
            futures = [pool.submit(_post, server, text) for text in texts]
            stats = server.service.backend.stats
            wait_until(lambda: stats().running == 4 and stats().refused == 13, "13 were refused")
            gate.set()
            responses = [future.result() for future in futures]
    codes = [response.status_code for response in responses]
    assert (codes.count(200), codes.count(503)) == (7, 13)
    for response, text in zip(responses, texts, strict=True):
        if response.status_code == 503:
            assert int(response.headers["retry-after"]) >= 1
            assert response.json()["error"]["code"] == "overloaded"
        else:
            assert len(response.content) == len(text) * 1200 * 2


def test_a_place_in_the_queue_has_a_deadline():
    gate = threading.Event()
    engine = FakeEngine(before=_waiting_for(gate))
    settings = _settings(max_concurrent=1, max_queued=5, queue_timeout_s=0.05)
    with live(FakePlugin(engine), settings=settings) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(_post, server, "one.")
        wait_until(lambda: engine.running, "the first is being made")
        assert _post(server, "two.").status_code == 503
        gate.set()
        assert first.result().status_code == 200
