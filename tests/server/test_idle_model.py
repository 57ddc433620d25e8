"""A server whose model leaves the memory when nobody needs it answers all requests as if it had stayed."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import httpx
import pytest
from attrs import evolve
from koe.errors import ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.kokoro.plugin import KokoroPlugin
from koe.settings import CacheSettings, EngineSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin
from koe.testing.tiny_model import write_tiny_model

from tests.core.cache.backends import CachePlugin, DictBackend
from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import KoeServer, live

TEXTS = tuple(f"{word} two. Three {word}." for word in ("one", "four", "five", "nine"))


class WatchedEngine(KokoroEngine):
    """Notes what must not happen at the same time, and can be made to fail or to wait."""

    def __init__(self, config):
        super().__init__(config)
        self.inferring, self.changing = 0, 0
        self.wrong: list[str] = []
        self.counted: Counter[str] = Counter()
        self.fails, self.takes_s = False, 0.0
        self.may_load, self.may_unload = threading.Event(), threading.Event()
        self.may_load.set()
        self.may_unload.set()
        self._watch = threading.Lock()

    def infer(self, segment, cancellation):
        with self._noting("infer"):
            time.sleep(self.takes_s)
            return super().infer(segment, cancellation)

    def load(self):
        with self._noting("load"):
            assert self.may_load.wait(PATIENCE_S)
            if self.fails:
                raise ModelFileError("/srv/models/kokoro.onnx: no such file")
            super().load()

    def unload(self):
        with self._noting("unload"):
            assert self.may_unload.wait(PATIENCE_S)
            super().unload()

    @contextmanager
    def _noting(self, what):
        with self._watch:
            if self.changing or (what != "infer" and self.inferring):
                self.wrong.append(what)
            self.inferring += what == "infer"
            self.changing += what != "infer"
        try:
            yield
        finally:
            with self._watch:
                self.inferring -= what == "infer"
                self.changing -= what != "infer"
                self.counted[what] += 1


class Server:
    def __init__(self, live_server, engine):
        self.url, self.engine, self.stop = live_server.url, engine, live_server.stop
        self.backend = live_server.service.backend

    def speak(self, text, **fields):
        body = {"input": text, "response_format": "pcm", **fields}
        return httpx.post(f"{self.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)

    def get(self, path):
        return httpx.get(self.url + path, timeout=PATIENCE_S)

    def state(self):
        answer = self.get("/health/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        return answer.json()["model_state"]["kokoro"]

    def until(self, state):
        wait_until(lambda: self.state() == state, f"the model is {state}")


@pytest.fixture(autouse=True)
def _no_collecting(monkeypatch):
    """It takes long in a process that holds a test suite."""
    monkeypatch.setattr("koe.residence.give_back", lambda: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny"), voices=("af_heart", "af_bella")).dir


@contextmanager
def serving(folder, *plugins, after_s=0.05):
    settings = evolve(
        FAKE_SETTINGS,
        engine=EngineSettings(auto_order=("kokoro",), unload_after_s=after_s),
        cache=CacheSettings(answers_bytes=0, tiers=("dict",)),
    )
    plugin = KokoroPlugin(KokoroConfig(dir=str(folder)))
    plugin._engine = engine = WatchedEngine(plugin.config)
    with live(plugin, FakePlugin(), *plugins, settings=settings) as server:
        yield Server(server, engine)
    assert engine.wrong == []


@pytest.fixture
def server(folder):
    with serving(folder) as running:
        yield running


def test_readiness_and_capabilities_tell_and_the_answer_is_the_same(folder):
    with serving(folder, after_s=1.0) as server:
        before = server.speak(TEXTS[0]).content
        assert server.state() == "loaded"
        server.until("unloaded")
        [engine] = server.get("/v1/capabilities").json()["engines"]
        assert (engine["model_state"], engine["model"]) == ("unloaded", "kokoro-v1.0.onnx")
        assert server.get("/status").json()["engines"][0]["model_state"] == "unloaded"
        assert before
        assert server.speak(TEXTS[0]).content == before


def test_nothing_but_speech_loads_the_model(server):
    server.until("unloaded")
    assert server.speak("Hello.", voice="nobody").json()["error"]["code"] == "voice_not_found"
    assert server.speak("Hello.", language="xx").json()["error"]["code"] == "unsupported_language"
    assert server.speak("Hello.", markup="nothing").status_code == 400
    assert server.get("/v1/audio/voices").json()["voices"][0]["id"] == "af_heart"
    for path in ("/v1/models", "/v1/capabilities", "/health", "/status"):
        assert server.get(path).status_code == 200
    inspected = httpx.post(
        f"{server.url}/v1/text/inspect", json={"input": "Hello there."}, timeout=PATIENCE_S
    )
    assert inspected.status_code == 200
    assert (server.state(), server.engine.counted["load"]) == ("unloaded", 0)


def test_cached_answers_load_nothing(folder):
    with serving(folder, CachePlugin(DictBackend())) as server:
        made = server.speak(TEXTS[0])
        assert made.headers["koe-cache"] == "miss"
        server.until("unloaded")
        loads = server.engine.counted["load"]
        again = server.speak(TEXTS[0])
        assert (again.content, again.headers["koe-cache"]) == (made.content, "hit")
        assert server.engine.counted["load"] == loads
        assert server.speak(TEXTS[1]).headers["koe-cache"] == "miss"
        assert server.engine.counted["load"] == loads + 1


@pytest.mark.parametrize("cached", [False, True])
def test_many_who_come_around_the_end_of_the_time_are_all_answered_right(folder, cached):
    rng = random.Random(6)
    plans = [[rng.choice([0.0, 0.03, 0.05, 0.07, 0.1, 0.3]) for _ in range(6)] for _ in range(3)]

    def client(served, pauses):
        made = []
        for number, pause in enumerate(pauses):
            time.sleep(pause)
            fields = {"stream": bool(number % 2), "cache": "refresh" if number % 4 else "use"}
            answer = served.speak(TEXTS[number % len(TEXTS)], **fields)
            made.append((answer.status_code, answer.content))
        return made

    backends = [CachePlugin(DictBackend())] if cached else []
    with serving(folder, *backends) as server:
        right = [server.speak(text, cache="bypass").content for text in TEXTS]
        server.engine.takes_s = 0.06  # longer than the model may be idle
        with ThreadPoolExecutor(len(plans)) as pool:
            answers = list(pool.map(partial(client, server), plans))
        for made in answers:
            assert made == [(200, right[number % len(TEXTS)]) for number in range(len(made))]
        server.until("unloaded")
        assert server.engine.counted["load"] >= 2
        assert server.engine.counted["unload"] == server.engine.counted["load"] + 1


def test_who_leaves_during_the_load_harms_nobody_who_stays(server):
    server.until("unloaded")
    server.engine.may_load.clear()
    with ThreadPoolExecutor(3) as pool:
        staying = [pool.submit(server.speak, TEXTS[0]) for _ in range(2)]
        server.until("loading")
        body = {"input": TEXTS[1], "response_format": "pcm"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=0.2)
        wait_until(lambda: server.backend.outcomes["cancelled"] == 1, "the one who left is gone")
        assert server.state() == "loading"
        server.engine.may_load.set()
        assert [answer.result().status_code for answer in staying] == [200, 200]
    assert server.engine.counted["load"] == 1


def test_a_load_that_fails_is_503_and_the_next_request_tries_again(server):
    before = server.speak(TEXTS[0]).content
    server.until("unloaded")
    server.engine.fails = True
    for _ in range(2):
        failed = server.speak(TEXTS[0])
        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "engine_unavailable")
        assert int(failed.headers["retry-after"]) >= 1
        assert "/srv" not in failed.text
        assert server.state() == "unloaded"
    server.engine.fails = False
    assert server.speak(TEXTS[0]).content == before


def test_nothing_is_learnt_of_costs_from_a_load(server):
    server.speak(TEXTS[0])
    server.until("unloaded")
    before = server.backend.costs["kokoro"].rtf
    server.engine.may_load.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.speak, TEXTS[0])
        server.until("loading")
        time.sleep(1.5)
        server.engine.may_load.set()
        assert answer.result().status_code == 200
    assert server.backend.costs["kokoro"].rtf < before + 0.5


def test_a_server_stops_while_its_model_leaves_or_is_gone(folder):
    with serving(folder) as server:
        server.engine.may_unload.clear()
        server.until("unloading")
        server.stop()
        server.engine.may_unload.set()
    assert server.engine.counted["unload"] == 1
    with serving(folder) as server:
        server.until("unloaded")


def test_each_worker_has_its_own_model(folder):
    options = [
        "engine.unload_after_s=0.2",
        f"plugins.kokoro.dir={folder}",
        "server.workers=2",
        'plugins.enabled=["text", "kokoro", "espeak", "formats", "providers"]',
        'pipeline.normalize=["sentences"]',
        'pipeline.phonemize=["espeak"]',
    ]
    with KoeServer(*(part for option in options for part in ("--set", option))) as process:
        server = process.ready()
        wait_until(lambda: len(server.events("model_unloaded")) == 2, "both are unloaded")
        unloaded = server.events("model_unloaded")
        assert all(event["seconds"] >= 0 and "request_id" not in event for event in unloaded)
        body = {"input": "Hello.", "response_format": "pcm"}
        answer = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
        assert answer.status_code == 200
        loaded = wait_until(lambda: server.events("model_loaded")[2:], "one has loaded it again")
        assert len(loaded) == 1
        if "bytes_before" in loaded[0]:
            assert loaded[0]["bytes_after"] > 0
        server.signal()
        assert server.exit_code() == 0
