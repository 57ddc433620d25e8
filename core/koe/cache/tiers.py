"""The tiers of a cache: the first that has a value wins, and none may do harm."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from attrs import define, field, frozen

from koe.cache.breaker import Breaker
from koe.cache_report import CacheStats, TierReport
from koe.errors import KoeError
from koe.registry import Owned
from koe.settings import CacheSettings
from koe.stages import CacheBackend

log = structlog.get_logger(__name__)

T = TypeVar("T")

_CLOSE_S = 5.0
_CLEAR_S = 60.0


class TierFailedError(Exception):
    """A tier raised, took too long, or is left alone because it did so before."""


class ClearFailedError(KoeError):
    """A tier could not be cleared."""

    status = 503
    code = "cache_unavailable"


@define(eq=False)
class Patience:
    """How much longer one request waits for tiers outside the process that fail."""

    left_s: float

    @property
    def gone(self) -> bool:
        return self.left_s <= 0

    def spend(self, seconds: float) -> None:
        self.left_s -= seconds


@define(eq=False)
class Tier:
    """One backend behind its time limit and its breaker. Belongs to one event loop."""

    owned: Owned[CacheBackend]
    settings: CacheSettings
    breaker: Breaker = field(init=False)
    hits: int = field(default=0, init=False)
    misses: int = field(default=0, init=False)
    writes: int = field(default=0, init=False)
    failures: int = field(default=0, init=False)
    corrupt: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.breaker = Breaker(self.settings.max_failures, self.settings.retry_after_s)

    @property
    def backend(self) -> CacheBackend:
        return self.owned.component

    async def call(self, ask: Callable[[CacheBackend], Awaitable[T]], patience: Patience | None = None) -> T:
        """What the backend answers. Raises `TierFailedError`, within the patience that is left."""
        limited = patience if self.backend.shared else None
        if not self.breaker.allows() or (limited is not None and limited.gone):
            raise TierFailedError
        timeout_s = self.settings.timeout_s if limited is None else limited.left_s
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                answer = await ask(self.backend)
        except Exception as error:
            if limited is not None:
                limited.spend(time.monotonic() - began)
            self._failed(error, timeout_s)
            raise TierFailedError from error
        if self.breaker.succeeded():
            log.info("cache_tier_recovered", tier=self.backend.name)
        return answer

    async def report(self) -> TierReport:
        try:
            stats: CacheStats | None = await self.call(lambda backend: backend.stats())
        except TierFailedError:
            stats = None
        return TierReport(
            name=self.backend.name,
            plugin=self.owned.plugin,
            shared=self.backend.shared,
            state="resting" if self.breaker.resting else "ok",
            stats=stats,
            hits=self.hits,
            misses=self.misses,
            writes=self.writes,
            failures=self.failures,
            corrupt=self.corrupt,
        )

    def _failed(self, error: Exception, timeout_s: float) -> None:
        self.failures += 1
        if self.breaker.failed():
            said = f"no answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
            log.warning(
                "cache_tier_failing",
                tier=self.backend.name,
                error=f"{type(error).__name__}: {said}",
                retry_after_s=self.settings.retry_after_s,
            )


@frozen
class Found:
    """A value, and the tiers before the one that had it."""

    value: bytes
    tier: Tier
    faster: tuple[Tier, ...]


@define(eq=False)
class Tiers:
    """All tiers, fastest first."""

    tiers: tuple[Tier, ...]

    @classmethod
    def of(cls, backends: Iterable[Owned[CacheBackend]], settings: CacheSettings) -> "Tiers":
        return cls(tuple(Tier(owned, settings) for owned in backends))

    async def open(self) -> None:
        """Open all backends; where one raises, those before it are closed again."""
        opened: list[Tier] = []
        try:
            for tier in self.tiers:
                await tier.backend.open()
                opened.append(tier)
        except BaseException:
            await _close(opened)
            raise

    async def close(self) -> None:
        await _close(self.tiers)

    async def found(
        self, key: str, patience: Patience, *, again: bool = False
    ) -> AsyncGenerator[Found, None]:
        """The values that tiers have under `key`: ask for the next one where one is of no use.

        `again` asks those which other processes write to, and counts no second miss.
        """
        for index, tier in enumerate(self.tiers):
            if again and not tier.backend.shared:
                continue
            try:
                value = await tier.call(lambda backend: backend.get(key), patience)
            except TierFailedError:
                continue
            if value is None:
                tier.misses += not again
            else:
                yield Found(value, tier, self.tiers[:index])

    async def put(self, key: str, value: bytes, tiers: Iterable[Tier] | None = None) -> None:
        """Write the value to `tiers`, or to all. What fails is counted."""
        for tier in self.tiers if tiers is None else tiers:
            try:
                await tier.call(lambda backend: backend.put(key, value))
                tier.writes += 1
            except TierFailedError:
                continue

    @asynccontextmanager
    async def claimed(self, key: str, seconds: float, patience: Patience) -> AsyncIterator[bool]:
        """Whether the value is the caller's to make, among all processes that share a tier.

        A tier that fails has no say. What was claimed is released at the end.
        """
        own: list[Tier] = []
        free = True
        try:
            for tier in self.tiers:
                try:
                    granted = await tier.call(lambda backend: backend.claim(key, seconds), patience)
                except TierFailedError:
                    continue
                if not granted:
                    free = False
                    break
                own.append(tier)
            if not free:
                await self._release(key, own)
                own.clear()
            yield free
        finally:
            await self._release(key, own)

    async def clear(self) -> None:
        """Clear every tier. Raises `ClearFailedError` where one could not be."""
        failed = []
        for tier in self.tiers:
            try:
                async with asyncio.timeout(_CLEAR_S):
                    await tier.backend.clear()
            except Exception as error:  # noqa: BLE001 - a backend may raise anything; told below
                failed.append(f"{tier.backend.name}: {type(error).__name__}: {error}")
        if failed:
            raise ClearFailedError(f"Not all of the cache could be cleared. {'; '.join(failed)}")

    async def reports(self) -> tuple[TierReport, ...]:
        return tuple([await tier.report() for tier in self.tiers])

    async def _release(self, key: str, tiers: Iterable[Tier]) -> None:
        for tier in tiers:
            try:
                await tier.call(lambda backend: backend.release(key))
            except TierFailedError:
                continue


async def _close(tiers: Iterable[Tier]) -> None:
    for tier in tiers:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await tier.backend.close()
        except Exception:
            log.exception("cache_tier_not_closed", tier=tier.backend.name)
