"""Works through a plan ahead of whoever takes its parts, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from attrs import define, field, frozen

from koe.errors import OverloadedError
from koe.line import Claim, Line
from koe.order import Order
from koe.pipeline import Planned
from koe.tasks import stopped
from koe.types import Clip, Mark, Pause, PhonemeSegment

T = TypeVar("T")

_MOST_WITHOUT_SOUND = 64
"""Pauses and marks that are planned and not taken."""


@frozen(eq=False)
class _Part(Generic[T]):
    """A part of the plan: as it is, or on its way to become audio."""

    plain: Pause | Mark | None = None
    task: "asyncio.Task[T] | None" = None
    claim: Claim | None = None


@define(eq=False)
class LookAhead(Generic[T]):
    """The parts of one plan. Lives on the event loop; close it.

    One segment more is planned than may be in work, so that its turn can come as soon as a thread is free.

    Args:
        plan: closed at the end.
        line: the answer's, which says how much may be made ahead.
        make: makes a part into audio, and tells `order`.
    """

    plan: AsyncGenerator[Planned, None]
    order: Order
    line: Line
    make: Callable[[PhonemeSegment | Clip, Claim], Coroutine[Any, Any, T]]
    _parts: "deque[_Part[T]]" = field(factory=deque, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _planner: "asyncio.Task[None]" = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._planner = asyncio.create_task(self._work())

    async def take(self) -> T | Pause | Mark | None:
        """The next part, with segments made; None at the end. Raises what planning or making it raises."""
        if not self._parts and not self._planner.done():
            await self._until(lambda: bool(self._parts) or self._planner.done())
        if not self._parts:
            self._planner.result()
            return None
        part = self._parts[0]
        if part.task is None or part.claim is None:
            self._forget()
            return part.plain
        self.order.wait(self.line, waiting=True)
        try:
            await asyncio.wait([part.task])
        finally:
            self.order.wait(self.line, waiting=False)
        self._forget()
        self.order.drop(part.claim)
        return part.task.result()

    async def until_in_time(self) -> None:
        """Wait while what follows would come too late for a listener who begins now.

        Raises:
            OverloadedError: it will not be made.
        """
        self.order.wait(self.line, waiting=True)
        try:
            while (wait_s := self._hold_back_s()) > 0:
                self.line.changed.clear()
                await _set_within(self.line.changed, wait_s)
        finally:
            self.order.wait(self.line, waiting=False)
        following = next((part.task for part in self._parts if part.task is not None), None)
        if following is not None and following.done() and not following.cancelled():
            error = following.exception()
            if isinstance(error, OverloadedError):
                raise error

    def _hold_back_s(self) -> float:
        return self.line.hold_back_s(self.order.now(), self.order.places)

    async def close(self) -> None:
        """Stop everything at once, and wait for it."""
        tasks: list[asyncio.Task[Any]] = [self._planner]
        tasks += [part.task for part in self._parts if part.task is not None]
        await stopped(tasks)
        await self.plan.aclose()

    async def _work(self) -> None:
        try:
            async for planned in self.plan:
                self._parts.append(self._begun(planned))
                self._changed.set()
                await self._until(self._has_room)
            self.line.planned_all = True
        finally:
            self._changed.set()

    def _begun(self, planned: Planned) -> _Part[T]:
        if isinstance(planned, Pause | Mark):
            return _Part(planned)
        if isinstance(planned, Clip):
            claim = self.line.clip(planned.chunk.seconds)
        else:
            symbols = len(planned.phonemes) or len(planned.text)
            claim = self.line.plan(symbols, planned.prosody.rate, planned.source.end)
        task = asyncio.create_task(self._made(planned, claim))
        claim.task = task
        return _Part(None, task, claim)

    async def _made(self, planned: PhonemeSegment | Clip, claim: Claim) -> T:
        try:
            return await self.make(planned, claim)
        except asyncio.CancelledError:
            self.order.drop(claim)
            if claim.refusal is not None:
                raise claim.refusal from None
            raise
        except BaseException:
            self.order.drop(claim)
            raise

    def _has_room(self) -> bool:
        sounding = sum(part.task is not None for part in self._parts)
        return sounding <= self.order.places and len(self._parts) - sounding < _MOST_WITHOUT_SOUND

    def _forget(self) -> None:
        self._parts.popleft()
        self._changed.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()


async def _set_within(event: asyncio.Event, timeout_s: float) -> None:
    """Wait until the event is set, for so long at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s if timeout_s < float("inf") else None):
            await event.wait()
