"""How many inferences run at the same time, and how they share the processor's cores."""

import os

from attrs import define, field, frozen

from koe.settings import InferenceSettings

_ALL_UP_TO = 4
"""On processors with more cores, so many inferences at the same time as half of them."""


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@frozen
class Sharing:
    """`places` inferences run at the same time, each on `threads` threads at most, all of them on `cores`.

    An inference that is alone is faster where it may use more threads than its share of the cores.
    """

    places: int = 1
    threads: int = 1
    cores: int = 1

    @classmethod
    def of(cls, settings: InferenceSettings, cores: int | None = None) -> "Sharing":
        """What `[inference]` means on a machine with so many cores; on this one without."""
        cores = cores or usable_cores()
        return cls(settings.concurrency or _places(settings, cores), settings.threads or cores, cores)

    @property
    def shared(self) -> bool:
        """Whether inferences slow each other down."""
        return self.slowdown(1.0) > 1.0

    def slowdown(self, running: float) -> float:
        """How much longer an inference takes with all places taken than with `running` of them.

        As if work were spread evenly over the threads, which it never quite is: that is on the safe side.
        """
        running = min(max(running, 1.0), float(self.places))
        return self._threads_of(running) / self._threads_of(float(self.places))

    def _threads_of(self, running: float) -> float:
        return min(float(self.threads), max(1.0, self.cores / running))


def _places(settings: InferenceSettings, cores: int) -> int:
    """One for accelerators, which do one thing at a time; else as many as keep the cores busy."""
    if settings.providers and settings.providers[0] != "cpu":
        return 1
    return cores if cores <= _ALL_UP_TO else max(_ALL_UP_TO, cores // 2)


@define(eq=False)
class SideBySide:
    """How many inferences ran beside each, itself included, on the average over its time."""

    _began: dict[object, tuple[float, float]] = field(factory=dict, init=False)
    _sum: float = field(default=0.0, init=False)
    _noted_at: float = field(default=0.0, init=False)

    def begin(self, inference: object, now: float) -> None:
        """One more runs."""
        self._note(now)
        self._began[inference] = (now, self._sum)

    def end(self, inference: object, now: float) -> float:
        """It has ended; how many ran meanwhile. 1.0 for one that took no time, or never began."""
        self._note(now)
        began_at, before = self._began.pop(inference, (now, self._sum))
        return (self._sum - before) / (now - began_at) if now > began_at else 1.0

    def _note(self, now: float) -> None:
        self._sum += len(self._began) * (now - self._noted_at)
        self._noted_at = now
