"""The soak test in small: it finds what it is there to find."""

import random
from collections import Counter
from pathlib import Path

import psutil
import pytest
from attrs import evolve

from benchmarks.servers import Server
from benchmarks.soak import parsed, run
from benchmarks.soak_client import Asked, Known
from benchmarks.soak_plan import KINDS, Ask, plan
from benchmarks.soak_run import Idle, Soak
from tests.core.bench.planted import Piece, Planted, planted
from tests.core.bench.sounds import pcm, tone

ASK = Ask("audio", {"input": "Hello.", "response_format": "pcm"})
RIGHT = pcm(tone(0.5))


@pytest.fixture
def known():
    known = Known()
    known.learn(ASK.bypassing(), Asked(RIGHT))
    return known


@pytest.mark.timeout(300)
def test_every_answer_is_right_and_nothing_stays():
    """Samples that are kept as `int16` would make some of these answers wrong."""
    found = run(parsed(["--requests", "80", "--clients", "8", "--longest", "1"]))
    counts = found["counts"]
    assert [counts.get(kind, 0) for kind in ("wrong", "short", "lost")] == [0, 0, 0], found["problems"]
    assert counts["answered"] + counts["left"] == 80
    assert set(found["kinds"]) == set(KINDS)
    assert counts["koe-cache: hit"] > 10
    assert found["log_errors"] == []
    assert [line for line in found["verdict"] if not line.startswith("RSS")] == []


def test_other_bytes_are_wrong_and_another_length_is_short(known):
    assert known.judge(ASK, Asked(RIGHT)) is None
    assert known.judge(ASK, Asked(RIGHT[:-2] + b"\x01\x01")).kind == "wrong"
    assert known.judge(ASK, Asked(RIGHT[:-2])).kind == "short"
    assert known.judge(ASK, Asked(b"")).kind == "wrong"


async def test_an_answer_that_does_not_end_is_lost():
    with planted(lambda _: Planted([Piece(RIGHT[:100]), Piece(RIGHT[100:], 3600.0)])) as server:
        served = Server(server.url, psutil.Process(), ready_s=0.0, log=Path())
        soak = Soak(served, [ASK], clients=1, patience_s=0.2)
        await soak._at_once(iter([ASK]))
    assert soak.counts == {"lost": 1}


def test_the_plan_has_all_kinds_and_its_share_of_leavers_and_is_the_same_for_a_seed():
    asks = plan(random.Random(1), 5_000, 0.1)
    assert asks == plan(random.Random(1), 5_000, 0.1)
    kinds = Counter(ask.kind for ask in asks)
    assert set(kinds) == set(KINDS)
    assert sum(ask.leaves_after_s is not None for ask in asks) == pytest.approx(500, rel=0.15)
    assert sum("cache" in ask.body for ask in asks) == pytest.approx(1250, rel=0.15)
    assert len({ask.identity for ask in asks}) == pytest.approx(150 + 1250, rel=0.15)


def test_requests_that_differ_in_the_caches_alone_are_answered_alike():
    refreshing = evolve(ASK, body={**ASK.body, "cache": "refresh"})
    assert refreshing.identity == ASK.identity == ASK.bypassing().identity


def test_what_stays_is_told():
    first = Idle(requests=10, rss_mb=100.0, fds=10, threads=4, tasks=5)
    assert evolve(first, rss_mb=150.0).leaks_since(first) == []
    assert evolve(first, fds=11, tasks=9).leaks_since(first) == ["fds: 10 became 11", "tasks: 5 became 9"]
