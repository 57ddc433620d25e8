"""Clients that have stopped taking what they are sent."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from attrs import define, field, frozen

T = TypeVar("T", bound=Hashable)


@frozen
class Delivery(Generic[T]):
    """How far somebody is with what was sent to them.

    Attributes:
        to: who it is for.
        taken: bytes that have left for them, ever.
        waiting: bytes that have not.
    """

    to: T
    taken: int
    waiting: int


@define
class Stalls(Generic[T]):
    """Finds the deliveries of which nothing has been taken for long, when looked at now and then."""

    _seen: dict[T, tuple[int, float]] = field(factory=dict, init=False)

    def overdue(self, deliveries: Iterable[Delivery[T]], now_s: float, timeout_s: float) -> list[T]:
        """Those of which nothing has been taken for `timeout_s`. `deliveries` must name all there are."""
        waiting = {one.to: one.taken for one in deliveries if one.waiting}
        self._seen = {
            to: seen if (seen := self._seen.get(to)) is not None and seen[0] == taken else (taken, now_s)
            for to, taken in waiting.items()
        }
        return [to for to, (_, since_s) in self._seen.items() if now_s - since_s >= timeout_s]
