"""The segment cache: looks a segment up, shares its inference, keeps what comes of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Self, TypeAlias

import structlog
from attrs import define, evolve, field, frozen

from koe.cache.canonical import canonical, extent, restored
from koe.cache.flights import Flight, Flights
from koe.cache.keys import segment_key
from koe.cache.tiers import Patience, Tier, Tiers
from koe.cache.values import CorruptValueError, decode_value, encode_value
from koe.cache_report import CacheReport
from koe.cancellation import Cancellation
from koe.engines import OpenEngine
from koe.guard import guarded
from koe.line import Claim, Work
from koe.order import Order
from koe.settings import CacheSettings
from koe.spoken import Spoken, spoken
from koe.types import PhonemeSegment, Stage
from koe.workers import Threads

log = structlog.get_logger(__name__)

_POLL_S = 0.02
_SLOWEST_POLL_S = 0.2
_MOST_WRITES = 64
_LAST_WRITES_S = 5.0


@frozen
class Obtained:
    """A segment's audio, wherever it came from. `cached`: no inference was run for it."""

    spoken: Spoken
    cached: bool = False


Speak: TypeAlias = Callable[[PhonemeSegment, Cancellation], Spoken]
"""Runs in an inference thread."""


@frozen
class _Wanted:
    """One segment on its way through the cache."""

    key: str
    fingerprint: str
    engine: OpenEngine
    segment: PhonemeSegment
    speak: Speak
    patience: Patience
    refresh: bool


@define(eq=False)
class SegmentCache:
    """The cache of one process. Belongs to one event loop; what takes long runs in the shared threads.

    Args:
        tiers: where audio is kept.
        inference: the threads in which segments are spoken.
        order: their queue.
        codec: those in which keys and values are made.
        trim: whether the silence around segments is cut off.
    """

    settings: CacheSettings
    tiers: Tiers
    inference: Threads
    order: Order
    codec: Threads
    trim: bool
    hits: int = field(default=0, init=False)
    misses: int = field(default=0, init=False)
    joined: int = field(default=0, init=False)
    awaited: int = field(default=0, init=False)
    unwritten: int = field(default=0, init=False)
    _writing: int = field(default=0, init=False)
    _flights: Flights[Obtained] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._flights = Flights(self.order)

    async def __aenter__(self) -> Self:
        """Open the tiers. Raises `ConfigError`."""
        await self.tiers.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Let what is being written be written, and close the tiers."""
        await self._flights.end(_LAST_WRITES_S)
        await self.tiers.close()

    async def settled(self) -> None:
        """Wait until everything that was made is written."""
        await self._flights.settled()

    async def clear(self) -> None:
        """Clear every tier. Raises `ClearFailedError` where one could not be."""
        await self.tiers.clear()

    async def report(self) -> CacheReport:
        return CacheReport(
            await self.tiers.reports(), self.hits, self.misses, self.joined, self.awaited, self.unwritten
        )

    def patience(self) -> Patience:
        """What one request has for all of its segments together."""
        return Patience(self.settings.timeout_s)

    async def obtain(
        self,
        engine: OpenEngine,
        segment: PhonemeSegment,
        speak: Speak,
        patience: Patience,
        *,
        refresh: bool,
        claim: Claim | None = None,
    ) -> Obtained:
        """The audio of `segment`, with its words' places in the user's text.

        Raises what `speak` raises. Equal segments share one inference, at the turn of the first `claim`.
        """
        heard = canonical(segment, engine.engine)
        named = await self.codec.run(partial(self._named, engine, heard))
        if named is None:
            cancellation = Cancellation()
            work = partial(speak, segment, cancellation)
            ticket = Work(claims=[] if claim is None else [claim])
            return Obtained(await spoken(engine, self.inference, work, cancellation, ticket))
        fingerprint, key = named
        wanted = _Wanted(key, fingerprint, engine, heard, speak, patience, refresh)
        flight = f"refresh {key}" if refresh else key
        obtained, joined = await self._flights.share(flight, partial(self._fly, wanted), claim)
        if joined:
            self.joined += 1
        made = obtained.spoken
        with guarded(Stage.INFER, engine.name, engine.plugin):
            words = restored(made.chunk.words, segment)
        chunk = evolve(made.chunk, words=words)
        if joined or obtained.cached:
            now = time.perf_counter()
            return Obtained(Spoken(chunk, now, now, made.loading), cached=True)
        return Obtained(evolve(made, chunk=chunk))

    def _named(self, engine: OpenEngine, heard: PhonemeSegment) -> tuple[str, str] | None:
        """The engine's fingerprint and the segment's key; None where the engine cannot tell."""
        try:
            fingerprint = engine.engine.fingerprint
        except Exception:
            log.exception("fingerprint_failed", engine=engine.name, plugin=engine.plugin)
            return None
        storage = self.settings.storage
        return fingerprint, segment_key(heard, engine.engine, fingerprint, trim=self.trim, storage=storage)

    async def _fly(self, wanted: _Wanted, flight: Flight[Obtained]) -> None:
        if not wanted.refresh and await self._looked_up(wanted, flight):
            self.hits += 1
            return
        give_up_at = time.monotonic() + self.settings.lease_s
        poll_s = _POLL_S
        while True:
            async with self.tiers.claimed(wanted.key, self.settings.lease_s, wanted.patience) as free:
                # Who had the claim may have written and released it since the last look.
                if free and not wanted.refresh and await self._looked_up(wanted, flight, again=True):
                    self.awaited += 1
                    return
                if free or wanted.refresh or time.monotonic() >= give_up_at:
                    await self._make(wanted, flight)
                    return
            await asyncio.sleep(min(poll_s, max(0.0, give_up_at - time.monotonic())))
            poll_s = min(poll_s * 1.5, _SLOWEST_POLL_S)
            if await self._looked_up(wanted, flight):
                self.awaited += 1
                return

    async def _looked_up(self, wanted: _Wanted, flight: Flight[Obtained], *, again: bool = False) -> bool:
        """Whether a tier had the segment's audio. The tiers before it get it, too (`again`: see `found`)."""
        async with aclosing(self.tiers.found(wanted.key, wanted.patience, again=again)) as values:
            async for found in values:
                decode = partial(decode_value, wanted.key, found.value, extent(wanted.segment))
                try:
                    chunk = await self.codec.run(decode)
                except CorruptValueError as error:
                    if not again:
                        found.tier.corrupt += 1
                        log.warning("cache_value_corrupt", tier=found.tier.backend.name, reason=str(error))
                    continue
                found.tier.hits += 1
                now = time.perf_counter()
                flight.land(Obtained(Spoken(chunk, now, now), cached=True))
                if found.faster:
                    await self._write(wanted.key, partial(bytes, found.value), found.faster)
                return True
        return False

    async def _make(self, wanted: _Wanted, flight: Flight[Obtained]) -> None:
        made = await self._spoken(wanted, flight)
        self.misses += 1
        flight.land(Obtained(made))
        await self._write(wanted.key, partial(self._value, wanted, made))

    async def _spoken(self, wanted: _Wanted, flight: Flight[Obtained]) -> Spoken:
        cancellation = Cancellation()
        work = partial(wanted.speak, wanted.segment, cancellation)
        return await spoken(wanted.engine, self.inference, work, cancellation, flight.ticket)

    def _value(self, wanted: _Wanted, made: Spoken) -> bytes | None:
        """What is to be kept; None where the engine was changed meanwhile, as by a new voice file."""
        if wanted.engine.engine.fingerprint != wanted.fingerprint:
            return None
        return encode_value(wanted.key, made.chunk, self.settings.storage)

    async def _write(self, key: str, make: Callable[[], bytes | None], tiers: tuple[Tier, ...] = ()) -> None:
        if self._writing >= _MOST_WRITES:
            self.unwritten += 1
            return
        self._writing += 1
        try:
            value = await self.codec.run(make)
            if value is not None:
                await self.tiers.put(key, value, tiers or None)
        finally:
            self._writing -= 1
