"""A request's time is divided among its stages, and every instant counts once."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import pytest
from koe.clock import StageClock, TimedTexts, timed_delivery
from koe.types import Share, Stage


class Listener:
    """Knows when something is being delivered."""

    def __init__(self) -> None:
        self.listens = False

    @contextmanager
    def delivering(self) -> Iterator[None]:
        self.listens = True
        try:
            yield
        finally:
            self.listens = False


class Ticking:
    """A clock that tests move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.fixture
def ticking(monkeypatch):
    return Ticking(monkeypatch)


def test_time_in_which_nothing_was_noted_is_other(ticking):
    clock = StageClock(started=100.0)
    ticking.now = 103.0
    clock.passed()
    assert clock.shares == {"other": 3.0}


def test_an_instant_counts_for_the_latest_of_the_stages_that_worked(ticking):
    clock = StageClock(started=100.0)
    clock.record(Stage.NORMALIZE, 100.0, 104.0)
    clock.record(Stage.INFER, 102.0, 106.0)
    clock.record(Stage.ENCODE, 105.0, 107.0)
    ticking.now = 110.0
    clock.passed()
    assert clock.shares == {"normalize": 2.0, "infer": 3.0, "encode": 2.0, "other": 3.0}
    assert clock.seconds == {"normalize": 4.0, "infer": 4.0, "encode": 2.0}
    assert sum(clock.shares.values()) == clock.elapsed


def test_work_done_while_the_client_takes_audio_does_not_count_again(ticking):
    clock = StageClock(started=100.0)
    ticking.now = 104.0
    clock.record(Stage.INFER, 101.0, 103.0)
    clock.passed(Share.DELIVER)
    ticking.now = 108.0
    clock.record(Stage.INFER, 103.0, 106.0)
    clock.passed()
    assert clock.shares == {"deliver": 4.0, "infer": 2.0, "other": 2.0}


def test_two_inferences_at_once_count_once(ticking):
    clock = StageClock(started=100.0)
    clock.record(Stage.INFER, 100.0, 103.0)
    clock.record(Stage.INFER, 101.0, 104.0)
    ticking.now = 104.0
    clock.passed()
    assert clock.shares == {"infer": 4.0}


def test_the_timeline_tells_when_a_stage_first_began_and_last_ended(ticking):
    clock = StageClock(started=100.0)
    clock.record(Stage.INFER, 101.0, 103.0)
    clock.record(Stage.INFER, 104.0, 106.0)
    assert clock.timeline == {"infer": (1.0, 6.0)}


def test_plugins_have_their_parts_of_a_stage(ticking):
    clock = StageClock(started=100.0)
    with clock.measure(Stage.ENCODE, "formats"):
        ticking.now += 2.0
    with clock.measure(Stage.POSTPROCESS), clock.by_plugin("mark", Stage.POSTPROCESS):
        ticking.now += 1.0
    assert clock.plugins == {("formats", "encode"): 2.0, ("mark", "postprocess"): 1.0}


async def test_the_time_until_the_next_item_is_asked_for_is_delivery(ticking):
    class Maker:
        clock = StageClock(started=100.0)
        place = Listener()

        @timed_delivery
        async def items(self) -> AsyncGenerator[int, None]:
            ticking.now += 1.0
            yield 1
            assert not self.place.listens
            ticking.now += 2.0
            yield 2

    maker = Maker()
    async for _ in maker.items():
        assert maker.place.listens
        ticking.now += 10.0
    assert maker.clock.shares == {"other": 3.0, "deliver": 20.0}


async def test_an_iterator_that_is_closed_early_was_being_delivered(ticking):
    class Maker:
        clock = StageClock(started=100.0)
        place = Listener()
        closed = False

        @timed_delivery
        async def items(self) -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                self.closed = True

    maker = Maker()
    items = maker.items()
    await anext(items)
    ticking.now += 5.0
    await items.aclose()
    assert (maker.closed, maker.place.listens) == (True, False)
    assert maker.clock.shares == {"deliver": 5.0}


async def test_texts_that_come_are_counted_and_waiting_for_them_is_input(ticking):
    async def texts() -> AsyncGenerator[str, None]:
        ticking.now += 4.0
        yield "abc"
        yield "de"

    clock = StageClock(started=100.0)
    assert [text async for text in TimedTexts(texts(), clock)] == ["abc", "de"]
    clock.passed()
    assert clock.characters == 5
    assert clock.shares == {"input": 4.0}
