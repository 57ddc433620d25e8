"""An engine's model leaves the memory when nobody needs it, and never while somebody does.

In virtual time: 1,000 seeded interleavings of work, callers who leave, expiring times and loads that fail.
"""

import asyncio
import random
import weakref
from collections import Counter
from functools import partial
from typing import Any

import pytest
from attrs import define, field
from koe.errors import EngineUnavailableError, ModelFileError
from koe.residence import Residence
from koe.stages import Engine
from koe.testing.fakes import FakeEngine
from structlog.testing import capture_logs

from tests.core.virtual import VirtualLoop, run_virtually

TTL_S = 10.0
LOAD_S, UNLOAD_S = 2.0, 0.5


@define(eq=False, kw_only=True)
class ModelEngine(FakeEngine):
    """Watches that nothing happens to the model while something else does."""

    loop: VirtualLoop
    load_s: float = LOAD_S
    unload_s: float = UNLOAD_S
    failures: list[BaseException] = field(factory=list)
    in_memory: bool = True
    using: int = 0
    busy_until: float = 0.0
    counted: Counter[str] = field(factory=Counter)
    wrong: list[str] = field(factory=list)

    def load(self) -> None:
        self._alone("load", self.load_s)
        self._must(not self.in_memory, "loaded twice")
        if self.failures:
            raise self.failures.pop()
        self.in_memory = True

    def unload(self) -> None:
        self._alone("unload", self.unload_s)
        self._must(self.in_memory, "unloaded twice")
        self.in_memory = False
        if self.failures:
            raise self.failures.pop()

    def _alone(self, what: str, seconds: float) -> None:
        self._must(not self.using, f"{what} while it is used")
        self._must(self.loop.now >= self.busy_until, f"{what} while something else goes on")
        self.counted[what] += 1
        self.loop.took_s = seconds
        self.busy_until = self.loop.now + seconds

    async def use(self, seconds: float) -> None:
        """What an inference is: it needs the model from its first instant to its last."""
        self.using += 1
        try:
            for _ in range(2):
                self._must(self.in_memory, "used while unloaded")
                self._must(self.loop.now >= self.busy_until, "used while something else goes on")
                await asyncio.sleep(seconds / 2)
            self._must(self.in_memory, "unloaded in use")
            self.counted["used"] += 1
        finally:
            self.using -= 1

    def _must(self, right: bool, what: str) -> None:
        """Noted rather than raised: what an engine raises is its loading that fails."""
        if not right:
            self.wrong.append(what)


@pytest.fixture(autouse=True)
def _no_collecting(monkeypatch):
    """Memory is given back for real in tests/core/kokoro/test_unload.py."""
    monkeypatch.setattr("koe.residence.give_back", lambda: None)


async def _use(residence: Residence, engine: ModelEngine, seconds: float = 1.0) -> float:
    """Use the model. Gives when that began."""
    async with residence.lease():
        began = engine.loop.now
        await engine.use(seconds)
    return began


def virtually(story, **engine):
    """Run `story(residence, engine)`; the server has just started."""

    async def main(loop: VirtualLoop):
        model = ModelEngine(loop=loop, **engine)
        residence = Residence(model, TTL_S)
        residence.begin()
        await story(residence, model)
        await residence.close()
        assert model.wrong == []

    run_virtually(main)


def test_an_idle_model_leaves_the_memory_after_the_time_and_comes_back_on_demand():
    async def story(residence, engine):
        await asyncio.sleep(TTL_S - 0.1)
        assert residence.state == "loaded"
        await asyncio.sleep(0.2)
        assert residence.state == "unloading"
        await asyncio.sleep(UNLOAD_S)
        assert (residence.state, engine.in_memory) == ("unloaded", False)
        used = asyncio.create_task(_use(residence, engine))
        await asyncio.sleep(0.1)
        assert residence.state == "loading"
        began = engine.loop.now - 0.1
        assert await used == pytest.approx(began + LOAD_S)
        assert residence.state == "loaded"

    virtually(story)


def test_the_time_counts_from_the_end_of_the_last_work():
    async def story(residence, engine):
        await asyncio.gather(_use(residence, engine, 25.0), _use(residence, engine, 5.0))
        assert engine.loop.now == 25.0
        await asyncio.sleep(TTL_S - 0.1)
        assert residence.state == "loaded"
        await _use(residence, engine)
        await asyncio.sleep(TTL_S - 0.1)
        assert residence.state == "loaded"
        await asyncio.sleep(0.2)
        assert residence.state == "unloading"

    virtually(story)


def test_many_who_come_at_once_share_one_load():
    async def story(residence, engine):
        await asyncio.sleep(TTL_S + UNLOAD_S)
        began = await asyncio.gather(*(_use(residence, engine) for _ in range(20)))
        assert engine.counted["load"] == 1
        assert set(began) == {TTL_S + UNLOAD_S + LOAD_S}

    virtually(story)


def test_a_lease_says_how_long_the_model_was_waited_for():
    async def story(residence, engine):
        async with residence.lease() as loading:
            assert loading is None
        await asyncio.sleep(TTL_S + UNLOAD_S)
        async with residence.lease() as loading:
            assert loading.ended >= loading.began
        assert engine.counted["load"] == 1

    virtually(story)


def test_who_comes_during_the_unloading_waits_for_its_end():
    async def story(residence, engine):
        await asyncio.sleep(TTL_S + 0.1)
        assert residence.state == "unloading"
        assert await _use(residence, engine) == TTL_S + UNLOAD_S + LOAD_S

    virtually(story)


def test_a_load_that_fails_fails_who_waits_and_the_next_tries_again():
    async def story(residence, engine):
        await asyncio.sleep(TTL_S + UNLOAD_S)
        engine.failures.append(ModelFileError("/srv/secret/model.onnx is gone"))
        errors = await asyncio.gather(*(_use(residence, engine) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in errors] == [EngineUnavailableError] * 3
        assert len({id(error) for error in errors}) == 3
        assert "secret" not in str(errors[0])
        assert isinstance(errors[0], BaseException)
        assert isinstance(errors[0].__cause__, ModelFileError)
        assert residence.state == "unloaded"
        await _use(residence, engine)
        assert engine.counted["load"] == 2

    virtually(story)


def test_a_load_that_fails_leaves_nothing_of_the_model_behind():
    class Halfway(ModelEngine):
        def load(self):
            half = ModelHalf()
            halves.append(weakref.ref(half))
            try:
                self._probe(half)
            except ValueError as error:
                raise ModelFileError("no speech") from error

        def _probe(self, half):
            raise ValueError(half.name)

    class ModelHalf:
        name = "half"

    halves: list[Any] = []

    async def main(loop: VirtualLoop):
        engine = Halfway(loop=loop)
        residence = Residence(engine, TTL_S)
        residence.begin()
        await asyncio.sleep(TTL_S + UNLOAD_S)
        with pytest.raises(EngineUnavailableError) as failed:
            await _use(residence, engine)
        cause = failed.value.__cause__
        assert cause is not None
        assert isinstance(cause.__cause__, ValueError)
        assert [half() for half in halves] == [None]
        await residence.close()

    run_virtually(main)


async def _left_while_it_loads(residence, engine):
    """The model is gone; somebody asks for it, and leaves when half of it is loaded."""
    await asyncio.sleep(TTL_S + UNLOAD_S)
    left = asyncio.create_task(_use(residence, engine))
    await asyncio.sleep(LOAD_S / 2)
    left.cancel()
    await asyncio.wait([left])


def test_a_load_that_nobody_waits_for_any_more_is_not_repeated_for_the_next():
    async def story(residence, engine):
        await _left_while_it_loads(residence, engine)
        assert residence.state == "loading"
        await _use(residence, engine)
        assert engine.counted["load"] == 1

    virtually(story)


def test_a_model_that_was_loaded_for_nobody_leaves_again():
    async def story(residence, engine):
        await _left_while_it_loads(residence, engine)
        await asyncio.sleep(LOAD_S / 2 + TTL_S + UNLOAD_S + 0.1)
        assert (residence.state, engine.counted["load"]) == ("unloaded", 1)

    virtually(story)


def test_a_failed_unload_is_logged_and_the_model_counts_as_gone():
    async def story(residence, engine):
        engine.failures.append(OSError("no"))
        await asyncio.sleep(TTL_S + UNLOAD_S + 0.1)
        assert residence.state == "unloaded"
        await _use(residence, engine)
        assert residence.state == "loaded"

    with capture_logs() as logged:
        virtually(story)
    assert [entry["event"] for entry in logged] == ["model_unload_failed", "model_loaded"]


def test_loading_and_unloading_are_logged_with_seconds_and_bytes():
    async def story(residence, engine):
        await asyncio.sleep(TTL_S + UNLOAD_S)
        await _use(residence, engine)

    with capture_logs() as logged:
        virtually(story)
    assert [(entry["event"], entry["engine"]) for entry in logged] == [
        ("model_unloaded", "fake"),
        ("model_loaded", "fake"),
    ]
    assert all(entry["seconds"] >= 0 for entry in logged)


@pytest.mark.parametrize("after_s", [0.0, TTL_S])
def test_without_a_time_or_a_model_nothing_is_unloaded(after_s):
    """`FakeEngine` overrides neither `unload` nor `load`."""

    async def main(loop: VirtualLoop):
        engine: Engine = FakeEngine() if after_s else ModelEngine(loop=loop)
        residence = Residence(engine, after_s)
        residence.begin()
        async with residence.lease():
            pass
        await asyncio.sleep(1000.0)
        assert residence.state == "loaded"

    run_virtually(main)


@pytest.mark.parametrize("at_s", [TTL_S + 0.1, TTL_S + UNLOAD_S + 0.1])
def test_at_the_end_what_goes_on_is_waited_for_and_nothing_more_begins(at_s):
    async def story(residence, engine):
        if at_s > TTL_S + UNLOAD_S:
            await asyncio.sleep(TTL_S + UNLOAD_S)
            waiting = asyncio.create_task(_use(residence, engine))
            await asyncio.sleep(0.1)
            await residence.close()
            await waiting
            assert residence.state == "loaded"
        else:
            await asyncio.sleep(at_s)
            await residence.close()
            assert residence.state == "unloaded"
            with pytest.raises(EngineUnavailableError):
                await _use(residence, engine)
        assert engine.loop.now >= engine.busy_until
        await asyncio.sleep(10 * TTL_S)
        assert residence.state == ("loaded" if at_s > TTL_S + UNLOAD_S else "unloaded")

    virtually(story)


async def _caller(
    rng: random.Random, residence: Residence, engine: ModelEngine, counts: Counter[str]
) -> None:
    """Comes at a time near one where something happens, and may leave at another."""
    await asyncio.sleep(rng.choice([0.0, TTL_S, rng.uniform(0, 3 * TTL_S)]) + rng.choice([0.0, 1e-6, 0.3]))
    for _ in range(rng.randint(1, 4)):
        work = asyncio.create_task(_use(residence, engine, rng.choice([0.0, 0.2, 3.0, 2 * TTL_S])))
        patience_s = rng.choice([0.0, UNLOAD_S, LOAD_S, LOAD_S + 0.1, 60.0, 60.0])
        await asyncio.wait([work], timeout=patience_s)
        if not work.done():
            work.cancel()
            await asyncio.wait([work])
        if work.cancelled():
            counts["left"] += 1
        elif isinstance(work.exception(), EngineUnavailableError):
            counts["refused"] += 1
        else:
            work.result()
            counts["served"] += 1
        await asyncio.sleep(rng.choice([0.0, TTL_S - 1e-6, TTL_S, TTL_S + 1e-6, TTL_S + UNLOAD_S, 1.0]))


async def _interleaving(rng: random.Random, counts: Counter[str], loop: VirtualLoop) -> None:
    engine = ModelEngine(
        loop=loop, load_s=rng.choice([0.0, LOAD_S]), unload_s=rng.choice([0.0, UNLOAD_S, TTL_S])
    )
    residence = Residence(engine, TTL_S)
    residence.begin()
    callers = [asyncio.create_task(_caller(rng, residence, engine, counts)) for _ in range(rng.randint(1, 6))]
    for _ in range(rng.randint(0, 3)):
        await asyncio.sleep(rng.uniform(0, TTL_S))
        engine.failures.append(rng.choice([ModelFileError("gone"), MemoryError(), OSError("disk")]))
    await asyncio.gather(*callers)
    engine.failures.clear()
    await asyncio.sleep(LOAD_S)  # one that fails may be going on
    assert await _use(residence, engine) <= loop.now
    await asyncio.sleep(4 * TTL_S)
    assert (residence.state, engine.in_memory, engine.using) == ("unloaded", False, 0)
    assert engine.wrong == []
    await residence.close()
    counts.update(engine.counted)


def test_a_thousand_interleavings_never_use_close_or_open_at_the_wrong_time():
    """What `ModelEngine` asserts; that no caller hangs, since the virtual loop would say so; and the end."""
    counts: Counter[str] = Counter()
    with capture_logs():
        for seed in range(1000):
            run_virtually(partial(_interleaving, random.Random(seed), counts))
    assert counts["served"] + 1000 == counts["used"]
    assert min(counts[what] for what in ("served", "left", "refused", "load", "unload")) > 200, counts
