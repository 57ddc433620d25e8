"""Bounded threads, admission and drain: how much happens at the same time, and who has to wait."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Protocol, TypeVar

from attrs import define, field, frozen

from koe.cancellation import Cancellation
from koe.errors import DrainingError, OverloadedError

T = TypeVar("T")

_STANDSTILL_S = 0.075
"""A queue in which nobody has moved on for so long stands still."""


@define(eq=False)
class Ticket:
    """Work that waits for a thread, or has one. Queues may know more of it than that it is urgent."""

    urgent: bool = False
    turn: "asyncio.Future[None] | None" = field(default=None, init=False)


class Queue(Protocol):
    """Who waits for a thread, and who gets one next. Belongs to the event loop of its `Threads`."""

    def push(self, ticket: Ticket) -> None:
        """Let the ticket wait."""

    def remove(self, ticket: Ticket) -> None:
        """Forget a ticket that waits, if it does."""

    def pop(self) -> Ticket | None:
        """The ticket to serve now; None where none waits, or none should be served yet."""

    def ended(self, ticket: Ticket) -> None:
        """The work of a ticket that was popped has left its thread."""


class FirstCome:
    """Urgent work goes first, the rest in the order in which it came."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._waiting: list[tuple[bool, int, Ticket]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, ticket: Ticket) -> None:
        """Let the ticket wait."""
        heapq.heappush(self._waiting, (not ticket.urgent, next(self._numbers), ticket))

    def remove(self, ticket: Ticket) -> None:
        """Forget it."""
        self._waiting = [entry for entry in self._waiting if entry[2] is not ticket]
        heapq.heapify(self._waiting)

    def pop(self) -> Ticket | None:
        """The next one."""
        return heapq.heappop(self._waiting)[2] if self._waiting else None

    def ended(self, ticket: Ticket) -> None:
        """Nothing to do."""


class Threads:
    """A pool of `size` threads. `queue` says whose work is next.

    Belongs to one event loop. A caller that is cancelled while its work runs waits for the thread: the work
    is told through its `Cancellation`, and the place is free only when the thread really is.
    """

    def __init__(self, name: str, size: int, queue: Queue | None = None) -> None:
        self.size = size
        self.queue: Queue = FirstCome() if queue is None else queue
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=f"koe-{name}")
        self._free = size

    async def run(
        self,
        work: Callable[[], T],
        cancellation: Cancellation | None = None,
        *,
        urgent: bool = False,
        ticket: Ticket | None = None,
    ) -> T:
        """Run `work` in a thread of the pool and return its result. `ticket` is for what the queue knows."""
        ticket = Ticket(urgent) if ticket is None else ticket
        await self._acquire(ticket)
        try:
            return await self._run(work, cancellation)
        finally:
            self._release(ticket)

    def serve(self) -> None:
        """Give free threads to those who wait; for queues in which somebody's turn has come meanwhile."""
        while self._free and (ticket := self.queue.pop()) is not None:
            assert ticket.turn is not None
            if ticket.turn.cancelled():
                self.queue.ended(ticket)
                continue
            self._free -= 1
            ticket.turn.set_result(None)

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

    async def _acquire(self, ticket: Ticket) -> None:
        ticket.turn = asyncio.get_running_loop().create_future()
        self.queue.push(ticket)
        self.serve()
        if ticket.turn.done():
            return
        try:
            await ticket.turn
        except asyncio.CancelledError:
            if ticket.turn.cancelled():
                self.queue.remove(ticket)
                self.serve()
            else:
                self._release(ticket)
            raise

    def _release(self, ticket: Ticket) -> None:
        self.queue.ended(ticket)
        self._free += 1
        self.serve()


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
    _left: int = field(default=0, init=False)
    _queue: list[asyncio.Future[None]] = field(factory=list, init=False)
    _empty: asyncio.Event = field(factory=asyncio.Event, init=False)

    @asynccontextmanager
    async def admit(self, *, queue: bool = True) -> AsyncIterator[None]:
        """Hold a place for the length of the block. Without `queue`, wait only while places change hands.

        Raises:
            OverloadedError: the queue is full, or no place became free in time.
            DrainingError: the server is shutting down.
        """
        await self._enter(queue=queue)
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

    async def _enter(self, *, queue: bool) -> None:
        if self.draining:
            raise self._refuse(self._draining())
        if self._running >= self.max_concurrent or self._queue:
            await self._wait(queue=queue)
        else:
            self._running += 1
        self._admitted += 1

    async def _wait(self, *, queue: bool) -> None:
        if len(self._queue) >= self.max_queued:
            raise self._refuse(self._overloaded("the queue is full"))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self.queue_timeout_s):
                if not queue:
                    await self._while_moving(turn)
                await turn
        except TimeoutError:
            self._give_back(turn)
            reason = (
                f"no place became free within {self.queue_timeout_s:g} s" if queue else "none of them ends"
            )
            raise self._refuse(self._overloaded(reason)) from None
        except DrainingError as error:
            raise self._refuse(error) from None
        except asyncio.CancelledError:
            self._give_back(turn)
            raise
        finally:
            if turn in self._queue:
                self._queue.remove(turn)

    async def _while_moving(self, turn: "asyncio.Future[None]") -> None:
        """Wait for `turn`. Raises `TimeoutError` when no place has changed hands for a while."""
        left = -1
        while not turn.done():
            if left == self._left:
                raise TimeoutError
            left = self._left
            await asyncio.wait([turn], timeout=_STANDSTILL_S)

    def _give_back(self, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave()

    def _leave(self) -> None:
        self._running -= 1
        self._left += 1
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
