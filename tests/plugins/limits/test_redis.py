"""Limits in a real Redis server: shared by processes, and in spite of its failures."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from koe.api import SecretUrl

from tests.plugins.cache.redis_process import free_port, needs_redis, redis_server
from tests.plugins.limits.build import BODY, SPEECH, asked, limited
from tests.server.live import KoeServer

pytestmark = needs_redis


def storage(port):
    return SecretUrl(f"redis://127.0.0.1:{port}/0")


@contextmanager
def hanging():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def koe(port, folder, **options):
    """`koe serve` with limits in this Redis."""
    options = {"storage": f"redis://127.0.0.1:{port}/0", **options}
    settings = [
        part for name, value in options.items() for part in ("--set", f"plugins.ratelimit.{name}={value}")
    ]
    return KoeServer(*("--enable", "ratelimit", "--disable", "kokoro", *settings), KOE_MODEL_DIR=str(folder))


def test_two_processes_share_one_limit(tmp_path):
    """Requests at the same time to both: exactly as many as allowed get through."""
    with redis_server() as port, koe(port, tmp_path, requests="10/hour", timeout_s=10) as one:
        with koe(port, tmp_path, requests="10/hour", timeout_s=10) as other, ThreadPoolExecutor(8) as pool:
            urls = [one.ready().url, other.ready().url] * 12
            statuses = list(
                pool.map(lambda url: httpx.post(url + SPEECH, json=BODY, timeout=60).status_code, urls)
            )
    assert statuses.count(200) == 10
    assert statuses.count(429) == 14


def test_a_quota_is_shared_and_outlives_the_process(tmp_path):
    quota = {"requests": "", "audio_seconds": "1/hour"}
    long = {**BODY, "input": "This takes a good deal more than one second to say."}
    with redis_server() as port:
        with limited(storage=storage(port), **quota) as server:
            asked_once = httpx.post(server.url + SPEECH, json={**long, "input": long["input"] * 3})
            assert asked_once.status_code == 200
        with limited(storage=storage(port), **quota) as server:
            refused = httpx.post(server.url + SPEECH, json=long)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")


@pytest.mark.parametrize(("choice", "status"), [("allow", 200), ("refuse", 503)])
def test_without_redis_the_configuration_decides(choice, status):
    options = {"storage": storage(free_port()), "when_unavailable": choice, "retry_after_s": 60}
    with limited(requests="1/hour", **options) as server, httpx.Client(base_url=server.url) as client:
        answers = [client.post(SPEECH, json=BODY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status] * 3
    if status == 503:
        assert answers[0].json()["error"]["code"] == "limits_unavailable"
        assert answers[0].headers["retry-after"] == "60"


def test_a_redis_that_hangs_costs_one_timeout_and_then_nothing():
    with hanging() as stuck:
        options = {"storage": storage(stuck), "timeout_s": 0.5, "retry_after_s": 60}
        with limited(requests="1/hour", **options) as server, httpx.Client(base_url=server.url) as client:
            began = time.monotonic()
            assert asked(client) == [200]
            assert 0.4 < time.monotonic() - began < 5
            began = time.monotonic()
            assert asked(client, 5) == [200] * 5
            assert time.monotonic() - began < 0.5 * 5


def test_limits_count_again_when_redis_is_back():
    port = free_port()
    options = {"storage": storage(port), "retry_after_s": 0.1}
    with limited(requests="2/hour", **options) as server, httpx.Client(base_url=server.url) as client:
        assert asked(client, 4) == [200] * 4
        with redis_server(port):
            time.sleep(0.2)
            statuses = asked(client, 5)
    assert statuses == [200, 200, 429, 429, 429]
