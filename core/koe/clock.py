"""How long each stage of a request takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field

from koe.types import Stage


@define(eq=False)
class StageClock:
    """Adds up seconds by stage. Each stage of a request is added to by one thread at a time."""

    seconds: dict[str, float] = field(factory=dict)
    wait_s: float = 0.0
    started: float = field(factory=time.perf_counter)

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[None]:
        """Count the block's time towards `stage`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - start)

    def add(self, stage: Stage, seconds: float) -> None:
        self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + seconds

    def wait(self, seconds: float) -> None:
        """Count time spent waiting for an inference thread."""
        self.wait_s += seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the request came."""
        return time.perf_counter() - self.started
