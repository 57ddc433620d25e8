"""The attacks of `benchmarks.abuse` by a few clients: others are served, and nothing is left behind."""

from contextlib import ExitStack

import httpx
import pytest

from benchmarks import abuse
from benchmarks.abuse_attacks import ATTACKS, huge_bodies
from benchmarks.servers import serving
from tests.server.harness import wait_until

CLIENTS = 10
QUICK = {
    **abuse.SETTINGS,
    "server.header_timeout_s": 0.5,
    "server.stall_timeout_s": 0.5,
    "limits.body_timeout_s": 0.5,
    "http.stream_stall_timeout_s": 0.5,
}
MOST_MEMORY_MB = 150.0


@pytest.fixture(scope="module")
def server():
    with serving(QUICK) as running:
        speech = {"input": "Hello there.", "response_format": "pcm"}
        httpx.post(f"{running.url}/v1/audio/speech", json=speech).raise_for_status()
        yield running
        assert "Traceback" not in running.logged()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_others_are_served_and_nothing_is_left_behind(server, attack):
    files = server.process.num_fds()
    found = abuse.measured(server, attack, CLIENTS, seconds=1.0, settle_s=0.0)
    assert found["others_failed"] == {}
    assert [kind["answered"] > 1 for kind in found["others"].values()] == [True, True]
    assert sum(found["attackers"].values()) >= CLIENTS
    before_mb, most_mb, _ = found["rss_mb"]
    assert most_mb - before_mb < MOST_MEMORY_MB
    if attack is huge_bodies:
        assert found["attackers"]["most MB sent, announced"] < 100
        assert found["attackers"]["most MB sent, in chunks"] < 100
    wait_until(lambda: server.process.num_fds() <= files, "all files are closed")
    wait_until(lambda: _running(server) == 0, "all work has ended")


def test_what_ends_at_once_is_repeated_until_others_have_asked_during_it(server):
    found = abuse.measured(server, _brief, CLIENTS, seconds=0.0, settle_s=0.0)
    assert found["times"] == found["attackers"]["sent"] > 1
    assert [kind["answered"] > 1 for kind in found["others"].values()] == [True, True]


def _brief(attack):
    with ExitStack() as stack:
        attack.connected(stack).sendall(b"GET /health HTTP/1.1\r\n")
    attack.outcome["sent"] += 1


def _running(server):
    return httpx.get(f"{server.url}/status").json()["requests"]["running"]
