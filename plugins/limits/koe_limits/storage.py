"""Where it is counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from koe.api import ConfigError
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.errors import ConfigurationError

from koe_limits.config import RateLimitConfig

_MAX_CONNECTIONS = 16


@asynccontextmanager
async def opened(config: RateLimitConfig) -> AsyncIterator[Storage]:
    """The storage that the configuration names. Redis is connected to with the first request.

    Raises:
        ConfigError: the package redis is missing, or the URL makes no sense.
    """
    url = config.storage.reveal()
    if url == "memory":
        storage = MemoryStorage()
        try:
            yield storage
        finally:
            if storage.timer is not None:
                storage.timer.cancel()
        return
    redis, pool = _redis(config)
    try:
        yield redis
    finally:
        await pool.aclose()


def _redis(config: RateLimitConfig) -> tuple[Storage, Any]:
    """The storage and its connections."""
    try:
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError:
        message = "plugins.ratelimit.storage: Redis needs the package redis; install koe-limits[redis]"
        raise ConfigError([message]) from None
    url = config.storage.reveal()
    uri = "async+" + (f"redis+{url}" if url.startswith("unix://") else url)
    once = Retry(NoBackoff(), 0)
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=_MAX_CONNECTIONS, timeout=None, retry=once
        )
        options: dict[str, Any] = {"connection_pool": pool}
        storage = RedisStorage(uri, implementation="redispy", key_prefix=config.prefix, **options)
    except (ValueError, ConfigurationError):
        # The library's own words may quote the URL, password and all.
        message = f"plugins.ratelimit.storage: {config.storage.shown()!r} makes no sense to a Redis client"
        raise ConfigError([message]) from None
    return storage, pool
