"""One piece of work for all who want its result at the same time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import structlog
from attrs import define, field

from koe.line import Claim
from koe.line import Work as Ticket
from koe.order import Order

log = structlog.get_logger(__name__)

T = TypeVar("T")


@define(eq=False)
class Flight(Generic[T]):
    """Work under way, and who waits for it.

    Attributes:
        result: there as soon as the work lands, which may be before it has ended.
        ticket: its place in line for a thread, with the claims of those who wait.
    """

    ticket: Ticket = field(factory=Ticket)
    result: "asyncio.Future[T]" = field(init=False)
    waiters: int = field(default=0, init=False)
    task: "asyncio.Task[None]" = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.result = asyncio.get_running_loop().create_future()

    def land(self, result: T) -> None:
        """Hand the result to all who wait. What the work does then is its own matter."""
        if not self.result.done():
            self.result.set_result(result)

    def fail(self, error: BaseException) -> None:
        if self.result.done():
            return
        if isinstance(error, asyncio.CancelledError):
            self.result.cancel()
        else:
            self.result.set_exception(error)
            self.result.exception()  # those who wait are told; without any, nobody needs to know


Work = Callable[[Flight[T]], Coroutine[Any, Any, None]]


@define(eq=False)
class Flights(Generic[T]):
    """The flights of one event loop, by key. `order` learns who joins one, which may bring it forward."""

    order: Order
    _flying: dict[str, Flight[T]] = field(factory=dict, init=False)
    _tasks: "set[asyncio.Task[None]]" = field(factory=set, init=False)

    async def share(self, key: str, work: Work[T], claim: Claim | None) -> tuple[T, bool]:
        """The result of the flight for `key`, which `work` begins where there is none, and whether there was.

        An error reaches all who wait. A caller that is cancelled leaves the others their flight; the last
        one ends it, and waits until it has ended.
        """
        flight = self._flying.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._begin(key, work)
        if claim is not None:
            self.order.join(claim, flight.ticket)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.result), joined
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.result.done():
                self._forget(key, flight)
                flight.task.cancel()
                await _ended(flight.task)

    async def settled(self) -> None:
        """Wait until the work of all flights has ended."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def end(self, timeout_s: float) -> None:
        """Let the flights end within `timeout_s`; cancel the others."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.settled()
        except TimeoutError:
            for task in self._tasks:
                task.cancel()
            await self.settled()

    def _begin(self, key: str, work: Work[T]) -> Flight[T]:
        flight: Flight[T] = Flight()
        flight.task = asyncio.create_task(self._fly(key, flight, work))
        self._flying[key] = flight
        self._tasks.add(flight.task)
        flight.task.add_done_callback(self._tasks.discard)
        return flight

    async def _fly(self, key: str, flight: Flight[T], work: Work[T]) -> None:
        try:
            await work(flight)
        except Exception as error:
            if flight.result.done():
                log.exception("failed_after_landing", key=key)
            flight.fail(error)
        except asyncio.CancelledError as error:
            flight.fail(error)
            raise
        finally:
            self._forget(key, flight)

    def _forget(self, key: str, flight: Flight[T]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]


async def _ended(task: "asyncio.Task[None]") -> None:
    """Wait until `task` is done, whatever happens to the waiting one meanwhile."""
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
