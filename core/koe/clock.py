"""How long each stage of a request takes, and what the request's time went to."""

import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, contextmanager
from functools import wraps
from typing import Any, Protocol, TypeVar

from attrs import define, field

from koe.types import Share, Stage

Made = TypeVar("Made")

_MOST_SPANS = 20_000
_ORDER = {share: place for place, share in enumerate(Share)}


@define(eq=False)
class StageClock:
    """Adds up seconds by stage, and divides the request's own time among them.

    Stages overlap: the next segment is made while one is encoded. `seconds` counts all of their work;
    `shares` counts every instant once, and so adds up to `elapsed`.

    Each stage of a request is added to by one thread at a time; `passed` is called on the event loop.

    Attributes:
        seconds: of work in each stage.
        plugins: seconds of work by plugin and stage.
        shares: seconds of the request's time.
        extents: when each stage first began and last ended (`time.perf_counter`).
        wait_s: seconds that segments waited for an inference thread, added up.
        characters: of text that came while the request was under way.
        started: when the request came (`time.perf_counter`).
    """

    seconds: dict[str, float] = field(factory=dict)
    plugins: dict[tuple[str, str], float] = field(factory=dict)
    shares: dict[str, float] = field(factory=dict)
    extents: dict[str, tuple[float, float]] = field(factory=dict)
    wait_s: float = 0.0
    characters: int = 0
    started: float = field(factory=time.perf_counter)
    _divided: float = field(init=False)
    _spans: deque[tuple[Share, float, float]] = field(factory=lambda: deque(maxlen=_MOST_SPANS), init=False)

    def __attrs_post_init__(self) -> None:
        self._divided = self.started

    @contextmanager
    def measure(self, stage: Stage, plugin: str = "") -> Iterator[None]:
        """Count the block's time towards `stage`, and towards `plugin` where one does the work."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.record(stage, start, time.perf_counter(), plugin)

    @contextmanager
    def by_plugin(self, plugin: str, stage: Stage) -> Iterator[None]:
        """Count the block's time towards `plugin` alone: the stage is measured around it."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add_plugin(plugin, stage, time.perf_counter() - start)

    def record(self, stage: Stage, began: float, ended: float, plugin: str = "") -> None:
        """Count work that was done between two times of `time.perf_counter`."""
        self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + ended - began
        if plugin:
            self.add_plugin(plugin, stage, ended - began)
        self.span(Share(stage.value), began, ended)

    def add_plugin(self, plugin: str, stage: Stage, seconds: float) -> None:
        """Count a plugin's part of a stage."""
        key = plugin, stage.value
        self.plugins[key] = self.plugins.get(key, 0.0) + seconds

    def span(self, share: Share, began: float, ended: float) -> None:
        """Note what was going on between two times."""
        first, _ = self.extents.get(share.value, (began, ended))
        self.extents[share.value] = first, ended
        self._spans.append((share, began, ended))

    def wait(self, seconds: float) -> None:
        """Count time spent waiting for an inference thread."""
        self.wait_s += seconds

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Note the block's time as `wait`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.span(Share.WAIT, began, time.perf_counter())

    def passed(self, share: Share | None = None) -> None:
        """Divide the time since the last call: all of it to `share`, or by what the stages did meanwhile.

        An instant in which several stages worked counts for the last of them in the order of `Share`; one
        in which none did, for `other`.
        """
        began, self._divided = self._divided, time.perf_counter()
        noted = [self._spans.popleft() for _ in range(len(self._spans))]
        if share is not None:
            self._give(share, self._divided - began)
            return
        for latest, seconds in _divided(noted, began, self._divided):
            self._give(latest, seconds)

    def _give(self, share: Share, seconds: float) -> None:
        self.shares[share.value] = self.shares.get(share.value, 0.0) + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the request came."""
        return time.perf_counter() - self.started

    @property
    def timeline(self) -> Mapping[str, tuple[float, float]]:
        """When each stage first began and last ended, in seconds from the request on."""
        return {
            name: (began - self.started, ended - self.started)
            for name, (began, ended) in self.extents.items()
        }


class Delivers(Protocol):
    """Whoever hands something to a listener."""

    def delivering(self) -> AbstractContextManager[None]:
        """The block is the listener's."""


class Clocked(Protocol):
    """Something whose time a clock divides, and that has a place among those who are served."""

    clock: StageClock

    @property
    def place(self) -> Delivers:
        """Whose it is to know how long the listener takes."""


def timed_delivery(
    make: Callable[..., AsyncGenerator[Made, None]],
) -> Callable[..., AsyncGenerator[Made, None]]:
    """For a method that yields: the time until the next item is asked for counts as delivery."""

    @wraps(make)
    async def delivered(self: Clocked, *args: Any, **kwargs: Any) -> AsyncGenerator[Made, None]:
        async with aclosing(make(self, *args, **kwargs)) as items:
            async for item in items:
                self.clock.passed()
                try:
                    with self.place.delivering():
                        yield item
                finally:
                    self.clock.passed(Share.DELIVER)
        self.clock.passed()

    return delivered


@define(eq=False)
class TimedTexts:
    """Texts as they come, counted; waiting for one counts as `input`."""

    texts: AsyncIterator[str]
    clock: StageClock

    def __aiter__(self) -> "TimedTexts":
        return self

    async def __anext__(self) -> str:
        began = time.perf_counter()
        try:
            text = await anext(self.texts)
        finally:
            self.clock.span(Share.INPUT, began, time.perf_counter())
        self.clock.characters += len(text)
        return text


def _divided(
    spans: list[tuple[Share, float, float]], began: float, ended: float
) -> Iterator[tuple[Share, float]]:
    """Who has which parts of the time from `began` to `ended`."""
    edges = sorted(
        (min(max(at, began), ended), change, _ORDER[share])
        for share, first, last in spans
        for at, change in ((first, 1), (last, -1))
    )
    shares, active, at = tuple(Share), [0] * len(_ORDER), began
    for until, change, place in [*edges, (ended, 0, 0)]:
        if until > at:
            latest = max((index for index, count in enumerate(active) if count > 0), default=None)
            yield (Share.OTHER if latest is None else shares[latest]), until - at
            at = until
        active[place] += change
