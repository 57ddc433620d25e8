"""Who is let in: so many requests at a time, some more wait, and those whose clients stall make room."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from attrs import define, field, frozen

from koe.errors import DrainingError, OverloadedError

_STANDSTILL_S = 0.075
"""A queue in which nobody has moved on for so long stands still."""


@frozen
class AdmissionStats:
    """Requests by where they are (`running`, `queued`) and how many were refused since the start.

    `stalled` of the running ones wait for their clients to go on taking their answers.
    """

    running: int
    queued: int
    admitted: int
    refused: int
    stalled: int


@define(eq=False)
class Place:
    """A request that was let in, of `client`."""

    client: str
    _admission: "Admission"

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Hand something to the client within the block. Where he does not take it soon, he stalls."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._admission.stalled_after_s, self._admission.stalls, self)
        try:
            yield
        finally:
            timer.cancel()
            self._admission.goes_on(self)


@define(eq=False)
class _Waiting:
    client: str
    turn: "asyncio.Future[None]" = field(factory=lambda: asyncio.get_running_loop().create_future())


@define(eq=False)
class Admission:
    """Lets at most `max_concurrent` requests in; `max_queued` more wait, `queue_timeout_s` at most.

    Clients take turns: next is who has fewest requests inside, then whose turn was longest ago. A full queue
    gives up the last request of whoever has most in it for one of somebody who has fewer.

    Up to `max_stalled` requests whose clients have taken nothing for `stalled_after_s` are not counted, since
    nothing is made for them meanwhile; they go on at once when their clients do. Belongs to one event loop.
    """

    max_concurrent: int
    max_queued: int
    queue_timeout_s: float
    max_stalled: int = 64
    stalled_after_s: float = 1.0
    draining: bool = field(default=False, init=False)
    drain_begun: asyncio.Event = field(factory=asyncio.Event, init=False)
    _inside: Counter[str] = field(factory=Counter, init=False)
    _stalled: set[Place] = field(factory=set, init=False)
    _turns: dict[str, int] = field(factory=dict, init=False)
    _admitted: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _freed: int = field(default=0, init=False)
    _queue: list[_Waiting] = field(factory=list, init=False)
    _empty: asyncio.Event = field(factory=asyncio.Event, init=False)

    @asynccontextmanager
    async def admit(self, client: str = "", *, queue: bool = True) -> AsyncIterator[Place]:
        """Hold a place for the length of the block. Without `queue`, wait only while places change hands.

        Raises:
            OverloadedError: the queue is full, or no place became free in time.
            DrainingError: the server is shutting down.
        """
        await self._enter(client, queue=queue)
        place = Place(client, self)
        try:
            yield place
        finally:
            self._stalled.discard(place)
            self._leave(client)

    def stats(self) -> AdmissionStats:
        running, queued, stalled = self._inside.total(), len(self._queue), len(self._stalled)
        return AdmissionStats(running, queued, self._admitted, self._refused, stalled)

    @property
    def crowded(self) -> bool:
        """Whether clients that stall keep others out: more do than are left uncounted."""
        return len(self._stalled) > self.max_stalled and not self._has_room()

    def stalls(self, place: Place) -> None:
        """Its client takes nothing."""
        self._stalled.add(place)
        if self._has_room():
            self._let_in()

    def goes_on(self, place: Place) -> None:
        """Its client takes what there is. More than `max_concurrent` requests may count for a while."""
        self._stalled.discard(place)

    def begin_drain(self) -> None:
        """Refuse new requests from now on, and those that still wait in the queue."""
        self.draining = True
        self.drain_begun.set()
        for waiting in self._queue:
            if not waiting.turn.done():
                waiting.turn.set_exception(self._draining())
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

    def _has_room(self) -> bool:
        return self._inside.total() - min(len(self._stalled), self.max_stalled) < self.max_concurrent

    async def _enter(self, client: str, *, queue: bool) -> None:
        if self.draining:
            raise self._refuse(self._draining())
        if self._queue or not self._has_room():
            await self._wait(client, queue=queue)
        else:
            self._take(client)

    async def _wait(self, client: str, *, queue: bool) -> None:
        if len(self._queue) >= self.max_queued:
            self._make_room(client)
        waiting = _Waiting(client)
        self._queue.append(waiting)
        try:
            async with asyncio.timeout(self.queue_timeout_s):
                if not queue:
                    await self._while_moving(waiting.turn)
                await waiting.turn
        except TimeoutError:
            self._give_back(waiting)
            reason = (
                f"no place became free within {self.queue_timeout_s:g} s" if queue else "none of them ends"
            )
            raise self._refuse(self._overloaded(reason)) from None
        except OverloadedError as error:
            raise self._refuse(error) from None
        except asyncio.CancelledError:
            self._give_back(waiting)
            raise
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)

    def _make_room(self, client: str) -> None:
        """In the queue, at the cost of whoever has most in it.

        Raises:
            OverloadedError: that is `client` himself, or he would have as many.
        """
        queued = Counter(waiting.client for waiting in self._queue)
        greediest, most = max(queued.items(), key=lambda item: item[1], default=(client, 0))
        error = self._overloaded("the queue is full")
        if most <= queued[client] + 1:
            raise self._refuse(error)
        last = next(waiting for waiting in reversed(self._queue) if waiting.client == greediest)
        self._queue.remove(last)
        if not last.turn.done():
            last.turn.set_exception(error)

    async def _while_moving(self, turn: "asyncio.Future[None]") -> None:
        """Wait for `turn`. Raises `TimeoutError` when no place has become free for a while."""
        freed = -1
        while not turn.done():
            if freed == self._freed:
                raise TimeoutError
            freed = self._freed
            await asyncio.wait([turn], timeout=_STANDSTILL_S)

    def _give_back(self, waiting: _Waiting) -> None:
        turn = waiting.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave(waiting.client)

    def _leave(self, client: str) -> None:
        self._inside[client] -= 1
        if not self._inside[client]:
            del self._inside[client]
        self._let_in()
        if client not in self._inside and all(one.client != client for one in self._queue):
            self._turns.pop(client, None)
        self._signal()

    def _let_in(self) -> None:
        self._freed += 1
        while self._queue and self._has_room():
            waiting = min(self._queue, key=self._by_turn)
            self._queue.remove(waiting)
            if not waiting.turn.done():
                self._take(waiting.client)
                waiting.turn.set_result(None)

    def _take(self, client: str) -> None:
        self._inside[client] += 1
        self._admitted += 1
        self._turns[client] = self._admitted

    def _by_turn(self, waiting: _Waiting) -> tuple[int, int]:
        return self._inside[waiting.client], self._turns.get(waiting.client, 0)

    def _signal(self) -> None:
        if self._inside:
            self._empty.clear()
        else:
            self._empty.set()

    def _refuse(self, error: OverloadedError) -> OverloadedError:
        self._refused += 1
        return error

    def _overloaded(self, reason: str) -> OverloadedError:
        working = self._inside.total()
        return OverloadedError(
            f"The server works on {working} requests already and {reason}; try again later", retry_after_s=1.0
        )

    def _draining(self) -> DrainingError:
        return DrainingError("The server is shutting down and takes no new requests", retry_after_s=5.0)
