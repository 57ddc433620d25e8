"""The cache backend `disk`."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from koe.api import CacheBackend, CacheStats, ConfigError
from platformdirs import user_cache_path

from koe_cache.config import DiskConfig
from koe_cache.table import Table

T = TypeVar("T")

_MOST_WAITING: Final = 256


class DiskBackend(CacheBackend):
    """Values in an SQLite file, which outlive the process. Its one thread does everything."""

    name = "disk"
    shared: ClassVar[bool] = True

    def __init__(self, config: DiskConfig) -> None:
        path = Path(config.path).expanduser() if config.path else user_cache_path("koe") / "segments.sqlite3"
        self._table = Table(path, config.max_bytes)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Raises `ConfigError` where the file can be neither opened nor made."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="koe-cache")
        try:
            await self._run(self._table.open)
        except (OSError, sqlite3.Error) as error:
            await self.close()
            problem = (
                f"plugins.cache.disk.path: {self._table.path} cannot be used as an SQLite file: {error}; "
                f"name one that the server may write, or leave 'disk' out of cache.tiers"
            )
            raise ConfigError([problem]) from error

    async def close(self) -> None:
        if self._thread is not None:
            thread, self._thread = self._thread, None
            await asyncio.get_running_loop().run_in_executor(thread, self._table.close)
            thread.shutdown(wait=False)

    async def get(self, key: str) -> bytes | None:
        return await self._run(lambda: self._table.get(key))

    async def put(self, key: str, value: bytes) -> None:
        await self._run(lambda: self._table.put(key, value))

    async def clear(self) -> None:
        await self._run(self._table.clear)

    async def stats(self) -> CacheStats:
        entries, size = await self._run(self._table.totals)
        return CacheStats(entries, size, self._table.max_bytes)

    async def claim(self, key: str, seconds: float) -> bool:
        return await self._run(lambda: self._table.claim(key, seconds))

    async def release(self, key: str) -> None:
        await self._run(lambda: self._table.release(key))

    async def _run(self, work: Callable[[], T]) -> T:
        """`work` in the thread. What has not begun when the caller gives up is not done."""
        if self._thread is None:
            raise RuntimeError("the cache backend 'disk' is not open")
        if self._waiting >= _MOST_WAITING:
            raise RuntimeError(f"{self._waiting} calls wait for {self._table.path} already")
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        future.add_done_callback(self._done)
        return await future

    def _done(self, _future: "asyncio.Future[T]") -> None:
        self._waiting -= 1
