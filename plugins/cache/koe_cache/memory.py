"""The cache backend `memory`."""

from koe.api import ByteLru, CacheBackend, CacheStats

from koe_cache.config import MemoryConfig


class MemoryBackend(CacheBackend):
    """Values in this process's memory."""

    name = "memory"

    def __init__(self, config: MemoryConfig) -> None:
        self._values: ByteLru[bytes] = ByteLru(config.max_bytes, len)

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes) -> None:
        self._values.put(key, value)

    async def clear(self) -> None:
        self._values.clear()

    async def stats(self) -> CacheStats:
        return CacheStats(len(self._values), self._values.bytes, self._values.max_bytes)
