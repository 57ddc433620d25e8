"""More requests than places: each is answered in full or refused, none is lost or shortened."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from attrs import evolve
from koe.settings import CacheSettings, LimitsSettings, StreamingSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.core.cache.backends import CachePlugin, DictBackend
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


class Slow(FakeEngine):
    """Takes half as long to speak as what it says lasts."""

    def infer(self, segment, cancellation):
        chunk = super().infer(segment, cancellation)
        stopped = threading.Event()
        with cancellation.on_cancel(stopped.set):
            stopped.wait(chunk.seconds / 2)
        return chunk


def test_a_stream_that_could_not_be_kept_playing_is_refused_at_once():
    """The places are free, but the inference threads are not; what nobody plays waits instead."""
    engine = Slow()
    text = " ".join("abcdefghij klmnopqrst uvwxyz." for _ in range(12))
    body = {"input": text, "response_format": "pcm"}
    settings = evolve(FAKE_SETTINGS, streaming=StreamingSettings(cut="always"))
    with live(FakePlugin(engine), settings=settings) as server, httpx.Client(base_url=server.url) as client:
        with client.stream("POST", "/v1/audio/speech", json=body, timeout=30) as first:
            assert first.status_code == 200
            pieces = first.iter_raw()
            next(pieces)
            began = time.monotonic()
            refused = client.post("/v1/audio/speech", json=body, timeout=30)
            took_s = time.monotonic() - began
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "overloaded"
            assert "limits.max_load" in refused.json()["error"]["message"]
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert took_s < 1, "on a machine that is not busy: less than 0.1 s"
            assert client.get("/status").json()["requests"]["load"] == pytest.approx(0.5, abs=0.2)
            whole = client.post(
                "/v1/audio/speech", json={**body, "input": "ab.", "stream": False}, timeout=30
            )
            assert whole.status_code == 200
        stats = server.service.backend.stats
        wait_until(lambda: stats().running == 0, "the stream has ended")
        assert (stats().refused, stats().completed) == (1, 1)
        assert stats().load == 0


def test_a_cached_stream_is_not_refused():
    engine = Slow()
    text = " ".join("abcdefghij klmnopqrst uvwxyz." for _ in range(12))
    body = {"input": "ab.", "response_format": "pcm"}
    settings = evolve(
        FAKE_SETTINGS, streaming=StreamingSettings(cut="always"), cache=CacheSettings(tiers=("dict",))
    )
    plugins = [FakePlugin(engine), CachePlugin(DictBackend())]
    with live(*plugins, settings=settings) as server, httpx.Client(base_url=server.url) as client:
        made = client.post("/v1/audio/speech", json=body, timeout=30)
        with client.stream("POST", "/v1/audio/speech", json={**body, "input": text}, timeout=30) as first:
            pieces = first.iter_raw()
            next(pieces)
            again = client.post("/v1/audio/speech", json={**body, "response_format": "wav"}, timeout=30)
            assert (made.status_code, again.status_code) == (200, 200)
            other = client.post("/v1/audio/speech", json={**body, "input": "cd."}, timeout=30)
            assert other.status_code == 503


def test_whose_request_it_is_is_told_by_its_address():
    seen: list[str] = []

    engine = FakeEngine()
    with live(FakePlugin(engine)) as server:
        order = server.service.backend.order
        engine.before = lambda _segment, _cancellation: seen.extend(line.client for line in order._lines)
        assert _post(server, "one.").status_code == 200
    assert seen == ["127.0.0.1"]
