"""A real Redis as a tier: shared by processes, and never to anybody's harm."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from attrs import evolve
from koe.api import SecretUrl
from koe.settings import CacheSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import SpeechRequest
from koe_cache import CacheConfig, CachePlugin
from koe_cache.config import RedisConfig

from tests.core.cache.backends import holding
from tests.plugins.cache.redis_process import free_port, needs_redis, proxy, redis_server
from tests.server.harness import PATIENCE_S
from tests.server.live import KoeServer

pytestmark = needs_redis
TIMEOUT_S = 10.0
"""A busy machine is no failing Redis."""


def _settings(tiers=("redis",), timeout_s=TIMEOUT_S, **fields):
    cache = CacheSettings(tiers=tiers, timeout_s=timeout_s, retry_after_s=0.2, storage="float32", **fields)
    return evolve(FAKE_SETTINGS, cache=cache)


def _plugin(port):
    return CachePlugin(CacheConfig(redis=RedisConfig(SecretUrl(f"redis://127.0.0.1:{port}/0"))))


def _cached(port, engine=None, **fields):
    return running(FakePlugin(engine or FakeEngine()), _plugin(port), settings=_settings(**fields))


async def _speak(synthesizer, text="One two. Three.", *, settle=False):
    """How much was cached, and seconds from the request to its last byte."""
    began = time.monotonic()
    async with synthesizer.speak(SpeechRequest(text, format="raw")) as speech:
        data = b"".join([piece async for piece in speech.encoded("whole")])
    seconds = time.monotonic() - began
    assert data
    if settle:
        await synthesizer.cache.settled()
    return speech.facts["cache"], seconds


async def _until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_redis_outlives_a_server():
    with redis_server() as port:
        async with _cached(port) as synthesizer:
            assert (await _speak(synthesizer, settle=True))[0] == "miss"
        async with _cached(port) as synthesizer:
            assert (await _speak(synthesizer))[0] == "hit"


async def test_a_redis_that_is_down_costs_nothing_and_is_used_again_when_it_is_back():
    port = free_port()
    async with _cached(port) as synthesizer:
        for _ in range(3):
            told, seconds = await _speak(synthesizer, settle=True)  # else it shares in the last one
            assert (told, seconds < TIMEOUT_S) == ("miss", True)
        (tier,) = (await synthesizer.cache_report()).tiers
        assert (tier.state, tier.stats, tier.failures >= 3) == ("resting", None, True)
        with redis_server(port):

            async def recovered():
                return (await _speak(synthesizer, settle=True))[0] == "hit"

            await _until(recovered)
            (tier,) = (await synthesizer.cache_report()).tiers
            assert tier.state == "ok"


async def test_a_slow_redis_delays_a_request_by_no_more_than_its_time_limit():
    """One limit for all segments together, which would otherwise wait twice each."""
    limit = {"timeout_s": 0.5, "max_failures": 100}
    with redis_server() as port:
        async with proxy(port) as slow, _cached(slow.port, **limit) as synthesizer:
            assert (await _speak(synthesizer, settle=True))[0] == "miss"
            slow.delay_s = 20.0
            text = "Five segments. In one request. All of them new. None in the cache. Here is the last."
            told, seconds = await _speak(synthesizer, text)
            assert told == "miss"
            assert seconds < 3.0
            slow.delay_s = 0.0

            async def recovered():
                return (await _speak(synthesizer, settle=True))[0] == "hit"

            await _until(recovered)


async def test_garbage_in_redis_is_counted_and_mended():
    with redis_server() as port:
        async with _cached(port) as synthesizer:
            await _speak(synthesizer, settle=True)
            client = synthesizer.cache.tiers.tiers[0].backend._redis
            names = await client.keys("koe:*")
            assert len(names) == 2
            for name, garbage in zip(names, [b"\x00" * 1000, b"koe\x01" + b"x" * 100], strict=True):
                await client.set(name, garbage)
            assert (await _speak(synthesizer, settle=True))[0] == "miss"
            (tier,) = (await synthesizer.cache_report()).tiers
            assert tier.corrupt == 2
            assert (await _speak(synthesizer))[0] == "hit"


async def test_a_key_of_another_kind_in_redis_is_a_failure_and_no_more():
    with redis_server() as port:
        async with _cached(port) as synthesizer:
            await _speak(synthesizer, settle=True)
            client = synthesizer.cache.tiers.tiers[0].backend._redis
            for name in await client.keys("koe:*"):
                await client.delete(name)
                await client.lpush(name, "a list")
            assert (await _speak(synthesizer))[0] == "miss"


async def test_what_redis_has_is_kept_in_memory_from_then_on():
    with redis_server() as port:
        async with _cached(port) as synthesizer:
            await _speak(synthesizer, settle=True)
        async with _cached(port, tiers=("memory", "redis")) as synthesizer:
            await _speak(synthesizer, settle=True)
            assert (await _speak(synthesizer))[0] == "hit"
            memory, redis = (await synthesizer.cache_report()).tiers
            assert (memory.hits, redis.hits) == (2, 2)


async def test_twenty_equal_requests_to_two_servers_cause_one_inference():
    """Two event loops with their own engines and caches stand for two processes; below are real ones."""
    engines, held = [FakeEngine(), FakeEngine()], threading.Event()
    for engine in engines:
        engine.before = holding(held)
    with redis_server() as port:
        async with _cached(port, engines[0]) as one, _cached(port, engines[1]) as other:
            for synthesizer in (one, other):
                synthesizer.admission.max_concurrent = 20
            requests = [
                asyncio.ensure_future(_speak(synthesizer, "One two."))
                for _ in range(10)
                for synthesizer in (one, other)
            ]
            while not any(engine.spoken for engine in engines):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            held.set()
            told = [told for told, _ in await asyncio.gather(*requests)]
    assert sum(len(engine.spoken) for engine in engines) == 1
    assert sorted(told) == ["hit"] * 19 + ["miss"]


def test_two_server_processes_share_one_inference():
    with redis_server() as port:
        options = (
            *("--enable", "cache", "--set", "engine.default=espeak", "--set", "cache.tiers=['redis']"),
            *("--set", f"plugins.cache.redis.url='redis://127.0.0.1:{port}/0'"),
            *("--set", "cache.answers_bytes=0", "--set", "limits.max_concurrent=20"),
            *("--set", "cache.timeout_s=10"),  # a busy machine is no failing Redis
        )
        with KoeServer(*options) as one, KoeServer(*options) as other:
            urls = [one.ready().url, other.ready().url]
            body = {"input": "Equal words for everybody", "response_format": "pcm", "stream": False}

            def ask(number):
                return httpx.post(f"{urls[number % 2]}/v1/audio/speech", json=body, timeout=PATIENCE_S)

            with ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(ask, range(20)))
            reports = [httpx.get(f"{url}/v1/cache").json() for url in urls]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers["koe-cache"] for answer in answers) == ["hit"] * 19 + ["miss"]
    assert sum(report["misses"] for report in reports) == 1
