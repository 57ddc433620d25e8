"""Bounded threads, admission and drain: how much happens at the same time, and who has to wait."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TypeVar

from attrs import define, field, frozen

from koe.cancellation import Cancellation
from koe.errors import DrainingError, OverloadedError

T = TypeVar("T")


class Threads:
    """A pool of `size` threads. Urgent work goes first, the rest in the order in which it came.

    Belongs to one event loop. A caller that is cancelled while its work runs waits for the thread: the work
    is told through its `Cancellation`, and the place is free only when the thread really is.
    """

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=f"koe-{name}")
        self._free = size
        self._tickets = itertools.count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    async def run(
        self, work: Callable[[], T], cancellation: Cancellation | None = None, *, urgent: bool = False
    ) -> T:
        """Run `work` in a thread of the pool and return its result."""
        await self._acquire(urgent=urgent)
        try:
            return await self._run(work, cancellation)
        finally:
            self._release()

    def close(self) -> None:
        """Let running work end and the threads go."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], T], cancellation: Cancellation | None) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if cancellation is not None:
                cancellation.cancel()
            await _ended(future)
            raise

    async def _acquire(self, *, urgent: bool) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._tickets), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


async def _ended(future: "asyncio.Future[T]") -> None:
    """Wait until `future` is done, whatever happens to the waiting task meanwhile."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()


@frozen
class AdmissionStats:
    """Requests by where they are (`running`, `queued`) and how many were refused since the start."""

    running: int
    queued: int
    admitted: int
    refused: int


@define(eq=False)
class Admission:
    """Lets at most `max_concurrent` requests in; `max_queued` more wait, `queue_timeout_s` at most."""

    max_concurrent: int
    max_queued: int
    queue_timeout_s: float
    draining: bool = field(default=False, init=False)
    drain_begun: asyncio.Event = field(factory=asyncio.Event, init=False)
    _running: int = field(default=0, init=False)
    _admitted: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _queue: list[asyncio.Future[None]] = field(factory=list, init=False)
    _empty: asyncio.Event = field(factory=asyncio.Event, init=False)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Hold a place for the length of the block.

        Raises:
            OverloadedError: the queue is full, or no place became free in time.
            DrainingError: the server is shutting down.
        """
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    def stats(self) -> AdmissionStats:
        return AdmissionStats(self._running, len(self._queue), self._admitted, self._refused)

    def begin_drain(self) -> None:
        """Refuse new requests from now on, and those that still wait in the queue."""
        self.draining = True
        self.drain_begun.set()
        for turn in self._queue:
            if not turn.done():
                turn.set_exception(self._draining())
        self._signal()

    async def drained(self, timeout_s: float) -> bool:
        """Whether all running requests ended within `timeout_s`."""
        self._signal()
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def _enter(self) -> None:
        if self.draining:
            raise self._refuse(self._draining())
        if self._running >= self.max_concurrent or self._queue:
            await self._wait()
        else:
            self._running += 1
        self._admitted += 1

    async def _wait(self) -> None:
        if len(self._queue) >= self.max_queued:
            raise self._refuse(self._overloaded("the queue is full"))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self.queue_timeout_s):
                await turn
        except TimeoutError:
            self._give_back(turn)
            raise self._refuse(
                self._overloaded(f"no place became free within {self.queue_timeout_s:g} s")
            ) from None
        except DrainingError as error:
            raise self._refuse(error) from None
        except asyncio.CancelledError:
            self._give_back(turn)
            raise
        finally:
            if turn in self._queue:
                self._queue.remove(turn)

    def _give_back(self, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave()

    def _leave(self) -> None:
        self._running -= 1
        while self._queue and self._running < self.max_concurrent:
            turn = self._queue.pop(0)
            if not turn.done():
                self._running += 1
                turn.set_result(None)
        self._signal()

    def _signal(self) -> None:
        if self._running == 0:
            self._empty.set()
        else:
            self._empty.clear()

    def _refuse(self, error: OverloadedError) -> OverloadedError:
        self._refused += 1
        return error

    def _overloaded(self, reason: str) -> OverloadedError:
        return OverloadedError(
            f"The server works on {self._running} requests already and {reason}; try again later",
            retry_after_s=1.0,
        )

    def _draining(self) -> DrainingError:
        return DrainingError("The server is shutting down and takes no new requests", retry_after_s=5.0)
