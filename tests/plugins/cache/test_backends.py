"""The backends keep what they are given, within their bounds."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from koe.api import SecretUrl
from koe.errors import ConfigError
from koe.testing.conformance.cache_backends import KEYS, CacheBackendConformance
from koe_cache.config import DiskConfig, MemoryConfig, RedisConfig
from koe_cache.disk import DiskBackend
from koe_cache.memory import MemoryBackend
from koe_cache.redis_server import RedisBackend
from koe_cache.table import Table

from tests.plugins.cache.redis_process import needs_redis, redis_server
from tests.server.harness import ROOT


class TestMemory(CacheBackendConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend(MemoryConfig())


class TestDisk(CacheBackendConformance):
    @pytest.fixture
    def backend(self, tmp_path):
        return DiskBackend(DiskConfig(str(tmp_path / "cache" / "segments.sqlite3")))


@pytest.fixture(scope="module")
def redis_url():
    with redis_server() as port:
        yield f"redis://127.0.0.1:{port}/0"


@needs_redis
class TestRedis(CacheBackendConformance):
    @pytest.fixture
    async def backend(self, redis_url):
        backend = RedisBackend(RedisConfig(SecretUrl(redis_url)))
        await backend.open()
        await backend._redis.flushall()
        await backend.close()
        return backend


async def test_memory_stays_within_its_bytes_and_forgets_the_least_recently_used():
    backend = MemoryBackend(MemoryConfig(10_000))
    for number in range(100):
        await backend.put(f"{number}", bytes(1000))
        await backend.get("0")
        assert (await backend.stats()).bytes <= 10_000
    assert await backend.get("0") is not None
    assert await backend.get("1") is None
    assert await backend.get("99") is not None


async def test_memory_refuses_what_is_larger_than_all_of_it():
    backend = MemoryBackend(MemoryConfig(10_000))
    await backend.put("small", bytes(100))
    await backend.put("large", bytes(20_000))
    assert await backend.get("large") is None
    assert await backend.get("small") is not None


def _table(path, max_bytes=1_000_000):
    table = Table(path / "t.sqlite3", max_bytes)
    table.open()
    return table


def test_a_file_stays_within_its_bytes_and_forgets_the_least_recently_used(tmp_path):
    table = _table(tmp_path, 10_000)
    for number in range(100):
        table.put(f"{number}", bytes(1000))
        table.get("0")
        assert table.totals()[1] <= 10_000
    assert table.get("0") is not None
    assert table.get("1") is None
    assert table.get("99") is not None
    table.close()


def test_a_file_does_not_grow_on(tmp_path):
    table = _table(tmp_path, 100_000)
    for number in range(500):
        table.put(f"{number}", bytes(10_000))
    table.close()
    assert 100_000 < sum(file.stat().st_size for file in tmp_path.iterdir()) < 300_000


def test_a_file_outlives_its_process_and_is_the_owner_s_alone(tmp_path):
    table = _table(tmp_path)
    table.put("key", b"value")
    table.close()
    assert (tmp_path / "t.sqlite3").stat().st_mode & 0o077 == 0
    table = _table(tmp_path)
    assert table.get("key") == b"value"
    table.close()


@pytest.mark.parametrize("damage", ["no sqlite file", "damaged pages", "another version"])
def test_a_damaged_file_is_put_aside_and_made_anew(tmp_path, damage):
    path = tmp_path / "t.sqlite3"
    table = _table(tmp_path)
    for number in range(50):
        table.put(f"{number}", bytes(5000))
    table.close()
    if damage == "no sqlite file":
        path.write_bytes(b"no database" * 1000)
    elif damage == "damaged pages":
        good = path.read_bytes()
        path.write_bytes(good[:4096] + b"\xff" * (len(good) - 4096))
    else:
        db = sqlite3.connect(path)
        db.execute("PRAGMA user_version = 99")
        db.close()
    table = Table(path, 1_000_000)
    table.open()
    for _ in range(2):
        try:
            table.put("key", b"value")
        except sqlite3.DatabaseError:
            continue
    assert table.get("key") == b"value"
    table.close()
    assert (tmp_path / "t.sqlite3.damaged").exists()


def test_a_claim_on_disk_holds_against_others_until_it_ends(tmp_path):
    mine, other = _table(tmp_path), _table(tmp_path)
    assert mine.claim("key", 30.0)
    assert not other.claim("key", 30.0)
    other.release("key")
    assert not other.claim("key", 30.0)
    mine.release("key")
    assert other.claim("key", -1.0)
    assert mine.claim("key", 30.0)
    mine.close()
    other.close()


async def test_a_file_that_cannot_be_made_is_a_mistake_in_the_configuration(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="plugins.cache.disk.path.*leave 'disk' out"):
        await DiskBackend(DiskConfig(str(tmp_path / "file" / "x.sqlite3"))).open()


async def test_the_disk_takes_only_so_many_calls_at_once(tmp_path):
    backend = DiskBackend(DiskConfig(str(tmp_path / "t.sqlite3")))
    await backend.open()
    calls = [asyncio.ensure_future(backend.get(KEYS[0])) for _ in range(400)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, RuntimeError) for one in results) == 144
    assert await backend.get(KEYS[0]) is None
    await backend.close()


def test_no_value_is_torn_by_kill_9_during_writes(tmp_path):
    """50 writers one after the other, each killed in the midst of it; see `tests.plugins.cache.killer`."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.plugins.cache.killer", str(tmp_path / "t.sqlite3"), "50"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    kills, values, corrupt = map(int, result.stdout.split())
    assert (kills, corrupt) == (50, 0)
    assert values > 500
    assert not Path(f"{tmp_path / 't.sqlite3'}.damaged").exists()


@needs_redis
async def test_a_claim_in_redis_holds_against_others_and_ends_by_itself(redis_url):
    config = RedisConfig(SecretUrl(redis_url))
    mine, other = RedisBackend(config), RedisBackend(config)
    for backend in (mine, other):
        await backend.open()
    assert await mine.claim("a", 30.0)
    assert not await other.claim("a", 30.0)
    await other.release("a")
    assert not await other.claim("a", 30.0)
    await mine.release("a")
    assert await other.claim("a", 0.05)
    async with asyncio.timeout(10):
        while not await mine.claim("a", 30.0):
            await asyncio.sleep(0.01)
    for backend in (mine, other):
        await backend.close()


@needs_redis
async def test_redis_forgets_after_a_time_and_clears_only_what_is_its_own(redis_url):
    config = RedisConfig(SecretUrl(redis_url), prefix="koe[1]*:", expire_s=100)
    backend, other = RedisBackend(config), RedisBackend(evolve(config, prefix="koe1x:"))
    for one in (backend, other):
        await one.open()
        await one.put("key", b"value")
    assert 0 < await backend._redis.ttl("koe[1]*:key") <= 100
    await backend.clear()
    assert await backend.get("key") is None
    assert await other.get("key") == b"value"
    for one in (backend, other):
        await one.close()


def test_the_password_of_a_redis_url_is_not_shown():
    config = RedisConfig(SecretUrl("redis://user:hunter2@cache:6379/0"))
    assert "hunter2" not in repr(config)
    assert "cache:6379" in repr(config)


async def test_a_senseless_redis_url_is_a_mistake_in_the_configuration():
    with pytest.raises(ConfigError, match=r"plugins\.cache\.redis\.url"):
        await RedisBackend(RedisConfig(SecretUrl("http://x"))).open()
