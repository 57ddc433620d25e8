"""Through nginx as the compose files configure it: streams, WebSockets, and nobody pretends to be another."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import evolve
from koe.settings import LimitsSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_limits.config import RateLimitConfig
from koe_limits.plugin import RateLimitPlugin
from websockets.sync.client import connect

from tests.deploy.nginx import check, needs_nginx, nginx, trusting
from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import live

pytestmark = needs_nginx
SPEECH = "/v1/audio/speech"
FIRST_BYTES = 12 * 2400  # twelve symbols of the fake engine
BEHIND = evolve(FAKE_SETTINGS, server=evolve(FAKE_SETTINGS.server, trusted_proxies=("127.0.0.1/32",)))


@contextmanager
def behind(folder, *servers):
    """nginx in front of koe servers."""
    with nginx(folder, *(urlsplit(server.url).netloc for server in servers)) as (url, client):
        yield url, client


class Gated(FakeEngine):
    """Holds everything but the first segment of an answer until the gate opens."""

    def __init__(self):
        super().__init__(before=self._wait)
        self.gate = threading.Event()

    def _wait(self, segment, cancellation):
        if "first" not in segment.text:
            assert self.gate.wait(PATIENCE_S)


def held_by(gate):
    def wait(segment, cancellation):
        assert gate.wait(PATIENCE_S)

    return FakeEngine(before=wait)


def test_the_configuration_is_valid_and_warns_of_nothing(tmp_path):
    with live(FakePlugin()) as server, behind(tmp_path, server, server):
        pass
    checked = check(tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_audio_is_heard_before_the_rest_of_it_is_made(tmp_path, version):
    engine = Gated()
    with live(FakePlugin(engine)) as server, behind(tmp_path, server, server) as (url, _):
        versions = {"http1": version == "1.1", "http2": version == "2"}
        with httpx.Client(verify=trusting(tmp_path), timeout=PATIENCE_S, **versions) as client:
            body = {"input": "The first one. The other one.", "response_format": "pcm"}
            with client.stream("POST", f"{url}{SPEECH}", json=body) as answer:
                pieces = answer.iter_raw()
                heard = 0
                while heard < FIRST_BYTES:
                    heard += len(next(pieces))
                engine.gate.set()
                assert heard + sum(map(len, pieces)) > 2 * FIRST_BYTES
        assert answer.http_version.removesuffix(".0") == f"HTTP/{version}"


def test_a_websocket_goes_through(tmp_path):
    with live(FakePlugin()) as server, behind(tmp_path, server, server) as (url, _):
        address = f"{url.replace('https', 'wss')}{SPEECH}/stream"
        with connect(address, ssl=trusting(tmp_path)) as socket:
            socket.send(json.dumps({"type": "session.config", "response_format": "pcm"}))
            for token in ("Good ", "morning."):
                socket.send(json.dumps({"type": "input.text", "text": token}))
            socket.send(json.dumps({"type": "input.done"}))
            frames = list(socket)
    assert sum(len(frame) for frame in frames if isinstance(frame, bytes)) > 10_000
    assert "audio.done" in [json.loads(frame)["type"] for frame in frames if isinstance(frame, str)]


def test_nobody_gets_another_s_account_by_forged_headers(tmp_path):
    """127.0.0.2 is one client and 127.0.0.3 another; koe sees both as nginx tells it."""
    limit = RateLimitPlugin(RateLimitConfig(requests="3/hour"))
    body = {"input": "Hi.", "response_format": "pcm"}
    with live(FakePlugin(), limit, settings=BEHIND) as server, behind(tmp_path, server, server) as (url, _):

        def asked(address, *forged):
            transport = httpx.HTTPTransport(local_address=address, verify=trusting(tmp_path))
            with httpx.Client(transport=transport, timeout=PATIENCE_S) as client:
                answers = [client.post(f"{url}{SPEECH}", json=body, headers=headers) for headers in forged]
            return [answer.status_code for answer in answers]

        forged = [
            {"x-forwarded-for": "127.0.0.3"},
            {"x-forwarded-for": "203.0.113.7, 127.0.0.1"},
            {"forwarded": "for=203.0.113.8", "x-real-ip": "203.0.113.9"},
            {"x-forwarded-for": "203.0.113.10"},
        ]
        assert asked("127.0.0.2", *forged) == [200, 200, 200, 429]
        assert asked("127.0.0.3", {}, {}, {}, {}) == [200, 200, 200, 429]


def test_a_replica_that_is_gone_or_full_leaves_its_requests_to_the_other(tmp_path):
    gate = threading.Event()
    full = held_by(gate)
    narrow = evolve(FAKE_SETTINGS, limits=LimitsSettings(max_concurrent=1, max_queued=0))
    body = {"input": "Hi.", "response_format": "pcm", "stream": False}
    with ExitStack() as stack:
        first = stack.enter_context(live(FakePlugin(full), settings=narrow))
        second = stack.enter_context(live(FakePlugin()))
        url, client = stack.enter_context(behind(tmp_path, first, second))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        held = pool.submit(httpx.post, f"{first.url}{SPEECH}", json=body, timeout=PATIENCE_S)
        wait_until(lambda: full.running, "the first replica is full")
        assert {client.post(f"{url}{SPEECH}", json=body).status_code for _ in range(6)} == {200}
        gate.set()
        assert held.result().status_code == 200
        first.stop()
        first.thread.join(PATIENCE_S)
        assert {client.post(f"{url}{SPEECH}", json=body).status_code for _ in range(6)} == {200}
        second.stop()
        second.thread.join(PATIENCE_S)
        assert client.post(f"{url}{SPEECH}", json=body).status_code == 502


def test_what_both_replicas_refuse_is_refused_in_koe_s_words(tmp_path):
    gate = threading.Event()
    full = held_by(gate)
    narrow = evolve(FAKE_SETTINGS, limits=LimitsSettings(max_concurrent=1, max_queued=0))
    body = {"input": "Hi.", "response_format": "pcm", "stream": False}
    with live(FakePlugin(full), settings=narrow) as server, behind(tmp_path, server, server) as (url, client):
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(client.post, f"{url}{SPEECH}", json=body)
            wait_until(lambda: full.running, "the replica is full")
            refused = client.post(f"{url}{SPEECH}", json=body)
            gate.set()
            assert held.result().status_code == 200
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "overloaded"
    assert int(refused.headers["retry-after"]) >= 1


def test_metrics_are_not_for_everybody_and_the_log_holds_no_query(tmp_path):
    with live(FakePlugin()) as server, behind(tmp_path, server, server) as (url, client):
        assert client.get(f"{url}/metrics").status_code == 404
        assert client.get(f"{url}/v1/models?key=secret").status_code == 200
    log = (tmp_path / "access.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["path"] for line in lines if line["status"] == 200] == ["/v1/models"]
    assert "secret" not in log
