"""Leaves alone for a while what fails again and again."""

import time
from collections.abc import Callable

from attrs import define, field


@define(eq=False)
class Breaker:
    """After `max_failures` failures in a row, one call in `retry_after_s` is let through, until one works."""

    max_failures: int
    retry_after_s: float
    now: Callable[[], float] = time.monotonic
    _failures: int = field(default=0, init=False)
    _retry_at: float = field(default=0.0, init=False)

    @property
    def resting(self) -> bool:
        """Whether calls are held back, except for one now and then."""
        return self._failures >= self.max_failures

    def allows(self) -> bool:
        """Whether to make a call now. One that is let through while resting is followed by a rest."""
        if not self.resting:
            return True
        if self.now() < self._retry_at:
            return False
        self._retry_at = self.now() + self.retry_after_s
        return True

    def failed(self) -> bool:
        """Count a failure. Whether it is the one that begins the rest."""
        self._failures += 1
        if self._failures == self.max_failures:
            self._retry_at = self.now() + self.retry_after_s
            return True
        return False

    def succeeded(self) -> bool:
        """Count a success. Whether it ends a rest."""
        rested, self._failures = self.resting, 0
        return rested
