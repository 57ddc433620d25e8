"""Requests are admitted, queued, refused and drained; nobody who stalls or asks for much keeps others out."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from attrs import define, field
from hypothesis import given, strategies
from koe.admission import Admission
from koe.errors import DrainingError, OverloadedError


async def _until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def _full(admission, *clients):
    """All places of the clients' requests are taken; gives them."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(admission.admit(client)) for client in clients]


@define(eq=False)
class Requests:
    """Requests that stay inside until they are told to end."""

    admission: Admission
    order: list[str] = field(factory=list)
    refused: list[str] = field(factory=list)
    ends: dict[str, asyncio.Event] = field(factory=dict)
    tasks: list[asyncio.Task[None]] = field(factory=list)

    async def come(self, name, client):
        """One more, which has come as far as it can."""
        self.ends[name] = asyncio.Event()
        self.tasks.append(asyncio.create_task(self._request(name, client)))
        await asyncio.sleep(0)

    async def settled(self):
        """All have come as far as they can."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def end_all(self):
        for end in self.ends.values():
            end.set()
        await asyncio.gather(*self.tasks)

    async def _request(self, name, client):
        try:
            async with self.admission.admit(client):
                self.order.append(name)
                await self.ends[name].wait()
        except OverloadedError:
            self.refused.append(name)


async def test_requests_over_the_limit_wait_their_turn_in_order():
    admission, order, release = Admission(1, 5, 5.0), [], asyncio.Event()

    async def request(name):
        async with admission.admit():
            order.append(name)
            await release.wait()

    tasks = [asyncio.ensure_future(request(name)) for name in "abc"]
    await _until(lambda: admission.stats().queued == 2)
    assert order == ["a"]
    release.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c"]
    assert admission.stats().admitted == 3


async def test_a_full_queue_refuses():
    admission = Admission(1, 0, 5.0)
    async with admission.admit():
        with pytest.raises(OverloadedError, match="queue is full") as caught:
            async with admission.admit():
                raise AssertionError
    assert caught.value.retry_after_s >= 1
    assert admission.stats().refused == 1
    async with admission.admit():
        pass


async def test_the_queue_has_a_deadline():
    admission = Admission(1, 5, 0.01)
    async with admission.admit():
        with pytest.raises(OverloadedError, match="within 0.01 s"):
            async with admission.admit():
                raise AssertionError
    assert (admission.stats().running, admission.stats().queued) == (0, 0)


async def test_a_waiter_that_leaves_frees_its_place_in_the_queue():
    admission = Admission(1, 1, 5.0)

    async def enter():
        async with admission.admit():
            pass

    async with admission.admit():
        waiter = asyncio.ensure_future(enter())
        await _until(lambda: admission.stats().queued == 1)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert admission.stats().queued == 0
    async with asyncio.timeout(5):
        await enter()


async def test_a_drain_refuses_the_new_and_the_waiting_and_lets_the_running_finish():
    admission, release = Admission(1, 5, 5.0), asyncio.Event()

    async def request():
        async with admission.admit():
            await release.wait()

    running = asyncio.ensure_future(request())
    await _until(lambda: admission.stats().running == 1)
    waiting = asyncio.ensure_future(request())
    await _until(lambda: admission.stats().queued == 1)
    admission.begin_drain()
    with pytest.raises(DrainingError):
        await waiting
    with pytest.raises(DrainingError):
        await request()
    assert not await admission.drained(0.01)
    release.set()
    assert await admission.drained(5)
    await running


async def test_an_idle_server_is_drained_at_once():
    admission = Admission(1, 1, 1.0)
    admission.begin_drain()
    assert await admission.drained(5)


async def test_a_request_that_does_not_queue_waits_only_while_places_change_hands():
    admission, ends = Admission(1, 5, 5.0), [asyncio.Event() for _ in range(3)]

    async def request(end):
        async with admission.admit(queue=False):
            await end.wait()

    holding = asyncio.ensure_future(request(ends[0]))
    await _until(lambda: admission.stats().running == 1)
    with pytest.raises(OverloadedError, match="none of them ends"):
        await request(ends[1])
    waiting = asyncio.ensure_future(request(ends[2]))
    await _until(lambda: admission.stats().queued == 1)
    ends[0].set()
    ends[2].set()
    await asyncio.gather(holding, waiting)
    assert admission.stats().refused == 1


async def test_a_request_whose_client_stalls_makes_room_and_goes_on_at_once():
    admission = Admission(1, 5, 5.0)
    async with _full(admission, "slow") as (place,):
        requests = Requests(admission)
        await requests.come("other", "quick")
        assert requests.order == []
        admission.stalls(place)
        await _until(lambda: requests.order == ["other"])
        assert (admission.stats().running, admission.stats().stalled) == (2, 1)
        admission.goes_on(place)
        assert (admission.stats().running, admission.stats().stalled) == (2, 0)
        await requests.come("late", "quick")
        requests.ends["other"].set()
        await _until(lambda: admission.stats().running == 1)
        assert requests.order == ["other"], "the one that went on has the only place"
    await _until(lambda: requests.order == ["other", "late"])
    await requests.end_all()
    assert (admission.stats().running, admission.stats().stalled) == (0, 0)


async def test_a_client_stalls_when_he_does_not_take_what_he_is_handed():
    admission = Admission(1, 5, 5.0, stalled_after_s=0.01)
    async with admission.admit() as place:
        with place.delivering():
            assert admission.stats().stalled == 0
        with place.delivering():
            await _until(lambda: admission.stats().stalled == 1)
        assert admission.stats().stalled == 0
        with place.delivering():
            pass
        await asyncio.sleep(0.02)
        assert admission.stats().stalled == 0, "a clock that ran on would have said so"


async def test_only_so_many_that_stall_are_left_out_of_account():
    admission = Admission(1, 5, 5.0, max_stalled=1)
    async with _full(admission, "slow") as (first,):
        admission.stalls(first)
        async with admission.admit("slow") as second:
            assert not admission.crowded
            admission.stalls(second)
            assert admission.crowded
            requests = Requests(admission)
            await requests.come("other", "quick")
            assert requests.order == []
            admission.goes_on(first)
            await asyncio.sleep(0)
            assert requests.order == [], "it counts again, the other one does not"
            assert not admission.crowded
        await asyncio.sleep(0)
        assert requests.order == []
    await _until(lambda: requests.order == ["other"])
    await requests.end_all()


async def test_who_has_fewest_inside_is_let_in_next():
    admission = Admission(2, 5, 5.0)
    requests = Requests(admission)
    for name in ("a1", "a2", "a3", "a4", "b1", "c1"):
        await requests.come(name, name[0])
    assert requests.order == ["a1", "a2"]
    for ended, then in (("a1", "b1"), ("a2", "c1"), ("b1", "a3"), ("c1", "a4")):
        requests.ends[ended].set()
        await requests.settled()
        assert requests.order[-1] == then
    await requests.end_all()
    assert not requests.refused


async def test_a_full_queue_gives_up_the_last_request_of_whoever_has_most_in_it():
    admission = Admission(1, 3, 5.0)
    requests = Requests(admission)
    for name in ("a1", "a2", "a3", "a4"):
        await requests.come(name, "a")
    await requests.come("a5", "a")
    await _until(lambda: requests.refused == ["a5"])
    await requests.come("b1", "b")
    await _until(lambda: requests.refused == ["a5", "a4"])
    await requests.come("b2", "b")
    await _until(lambda: requests.refused == ["a5", "a4", "b2"])
    assert admission.stats().refused == 3
    await requests.end_all()
    assert requests.order == ["a1", "b1", "a2", "a3"]


STEPS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["come", "end", "stall", "go on", "leave"]), strategies.integers(0, 5)
    ),
    max_size=40,
)


@given(STEPS)
async def test_whatever_happens_nobody_is_forgotten(steps):
    admission = Admission(2, 2, 5.0, max_stalled=1)
    tasks: list[asyncio.Task[None]] = []
    ends: list[asyncio.Event] = []
    inside, refused = {}, []

    async def request(number, client):
        try:
            async with admission.admit(client) as place:
                inside[number] = place
                await ends[number].wait()
        except OverloadedError:
            refused.append(number)
        finally:
            inside.pop(number, None)

    for step, number in steps:
        chosen = number % len(tasks) if tasks else 0
        if step == "come":
            ends.append(asyncio.Event())
            tasks.append(asyncio.create_task(request(len(tasks), f"client {number % 3}")))
        elif step == "end" and tasks:
            ends[chosen].set()
        elif step == "leave" and tasks:
            tasks[chosen].cancel()
        elif chosen in inside:
            (admission.stalls if step == "stall" else admission.goes_on)(inside[chosen])
        await asyncio.sleep(0)
        stats = admission.stats()
        assert stats.queued <= 2
        assert stats.running <= 2 + 1 + 1
    for end in ends:
        end.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks, return_exceptions=True)
    stats = admission.stats()
    assert (stats.running, stats.queued, stats.stalled) == (0, 0, 0)
    assert stats.refused == len(refused)
    assert await admission.drained(5)
