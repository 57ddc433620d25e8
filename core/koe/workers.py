"""Bounded threads: how much is worked on at the same time, and who has to wait."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Protocol, TypeVar

from attrs import define, field

from koe.cancellation import Cancellation

T = TypeVar("T")


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
