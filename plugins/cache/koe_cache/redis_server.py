"""The cache backend `redis`."""

import uuid
from typing import Any, ClassVar, Final

from koe.api import CacheBackend, CacheStats, ConfigError

from koe_cache.config import RedisConfig

_AT_ONCE: Final = 500
_RELEASE: Final = (
    'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end'
)


class RedisBackend(CacheBackend):
    """Values in a Redis server. A claim is a key of its own that expires; only its holder releases it."""

    name = "redis"
    shared: ClassVar[bool] = True

    def __init__(self, config: RedisConfig) -> None:
        self._config = config
        self._holder = uuid.uuid4().hex
        self._client: Any = None

    async def open(self) -> None:
        """Connects with the first call. Raises `ConfigError` for a missing package or a senseless URL."""
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError:
            raise ConfigError(
                ["cache.tiers: 'redis' needs the package redis; install koe-cache[redis], or leave it out"]
            ) from None
        try:
            pool = BlockingConnectionPool.from_url(
                self._config.url.reveal(),
                max_connections=self._config.max_connections,
                timeout=None,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise ConfigError([f"plugins.cache.redis.url: {error}"]) from None
        self._client = Redis.from_pool(pool)

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def get(self, key: str) -> bytes | None:
        value: bytes | None = await self._redis.get(self._name(key))
        return value

    async def put(self, key: str, value: bytes) -> None:
        await self._redis.set(self._name(key), value, ex=self._config.expire_s)

    async def clear(self) -> None:
        names: list[bytes] = []
        async for name in self._redis.scan_iter(match=f"{_literal(self._config.prefix)}*", count=_AT_ONCE):
            names.append(name)
            if len(names) >= _AT_ONCE:
                await self._redis.unlink(*names)
                names.clear()
        if names:
            await self._redis.unlink(*names)

    async def stats(self) -> CacheStats:
        """What Redis says of the whole database and of its memory, which others may use, too."""
        entries = await self._redis.dbsize()
        memory = await self._redis.info("memory")
        return CacheStats(entries, memory["used_memory"], memory["maxmemory"])

    async def claim(self, key: str, seconds: float) -> bool:
        milliseconds = max(1, round(seconds * 1000))
        return bool(await self._redis.set(self._lease(key), self._holder, nx=True, px=milliseconds))

    async def release(self, key: str) -> None:
        await self._redis.eval(_RELEASE, 1, self._lease(key), self._holder)

    @property
    def _redis(self) -> Any:
        if self._client is None:
            raise RuntimeError("the cache backend 'redis' is not open")
        return self._client

    def _name(self, key: str) -> str:
        return f"{self._config.prefix}{key}"

    def _lease(self, key: str) -> str:
        return f"{self._config.prefix}lease:{key}"


def _literal(text: str) -> str:
    """`text` as a pattern that matches it alone."""
    return "".join(f"\\{character}" if character in "*?[]\\^-" else character for character in text)
