"""A cache backend for tests, and a plugin that registers it."""

import asyncio
from typing import ClassVar

from koe.api import CacheBackend, CacheStats, Plugin, hookimpl


class DictBackend(CacheBackend):
    """A dict that tests look into. `before` is awaited before every `get` and `put`."""

    def __init__(self, name="dict", *, values=None):
        self.name = name
        self.values = {} if values is None else values
        self.claims: dict[str, tuple[object, float]] = {}
        self.calls: list[str] = []
        self.before = None
        self.opened = self.closed = 0

    async def open(self):
        self.opened += 1

    async def close(self):
        self.closed += 1

    async def get(self, key):
        await self._call("get")
        return self.values.get(key)

    async def put(self, key, value):
        await self._call("put")
        self.values[key] = value

    async def clear(self):
        await self._call("clear")
        self.values.clear()

    async def stats(self):
        return CacheStats(len(self.values), sum(map(len, self.values.values())))

    async def _call(self, name):
        self.calls.append(name)
        if self.before is not None:
            await self.before(name)


class SharedBackend(DictBackend):
    """Several of them on one `values` and `claims` stand for processes that share a tier."""

    shared: ClassVar[bool] = True

    def __init__(self, name="shared", *, values=None, claims=None):
        super().__init__(name, values=values)
        self.claims = {} if claims is None else claims

    async def claim(self, key, seconds):
        await self._call("claim")
        now = asyncio.get_running_loop().time()
        holder, until = self.claims.get(key, (None, 0.0))
        if holder is not None and until > now:
            return False
        self.claims[key] = (self, now + seconds)
        return True

    async def release(self, key):
        await self._call("release")
        if self.claims.get(key, (None, 0.0))[0] is self:
            del self.claims[key]


class CachePlugin(Plugin):
    def __init__(self, *backends):
        super().__init__()
        self.backends = backends

    @hookimpl
    def register_cache_backends(self):
        return list(self.backends)


def holding(held):
    """A `FakeEngine.before` that lets no inference go on until the event `held` is set."""

    def before(_segment, _cancellation):
        held.wait(30)

    return before
