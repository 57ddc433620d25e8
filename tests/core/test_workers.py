"""Work is bounded, ordered, cancellable; requests are admitted, queued, refused and drained."""

import asyncio
import threading

import pytest
from koe.cancellation import Cancellation
from koe.errors import DrainingError, OverloadedError
from koe.workers import Admission, Threads


@pytest.fixture
def threads():
    pool = Threads("test", 1)
    yield pool
    pool.close()


async def _until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_returns_the_result_and_raises_the_error(threads):
    assert await threads.run(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_urgent_work_goes_first_the_rest_in_order(threads):
    release, order = threading.Event(), []
    first = asyncio.ensure_future(threads.run(release.wait))
    await asyncio.sleep(0)
    waiting = [
        asyncio.ensure_future(threads.run(lambda name=name: order.append(name), urgent=name.startswith("u")))
        for name in ("a", "b", "u1", "c", "u2")
    ]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(first, *waiting)
    assert order == ["u1", "u2", "a", "b", "c"]


async def test_a_cancelled_caller_stops_the_work_and_waits_for_the_thread(threads):
    cancellation, started, stopped = Cancellation(), threading.Event(), threading.Event()

    def work():
        started.set()
        while not cancellation.cancelled:
            cancellation._event.wait(0.01)
        stopped.set()

    task = asyncio.ensure_future(threads.run(work, cancellation))
    await _until(started.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()
    assert await threads.run(lambda: "free") == "free"


async def test_a_caller_cancelled_while_waiting_takes_no_thread(threads):
    release, ran = threading.Event(), []
    first = asyncio.ensure_future(threads.run(release.wait))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(threads.run(lambda: ran.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    release.set()
    await first
    assert await threads.run(lambda: "third") == "third"
    assert ran == []


async def test_never_more_than_its_size_at_a_time():
    pool, lock, running, most = Threads("test", 3), threading.Lock(), 0, 0
    gate = threading.Barrier(3)

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(5)
        with lock:
            running -= 1

    await asyncio.gather(*(pool.run(work) for _ in range(12)))
    pool.close()
    assert most == 3


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


async def test_a_ticket_that_was_called_as_its_caller_left_costs_no_place(threads):
    """The turn comes and the caller goes in the same moment."""
    release = threading.Event()
    first = asyncio.ensure_future(threads.run(release.wait))
    await asyncio.sleep(0)
    leaving = asyncio.ensure_future(threads.run(lambda: None))
    await asyncio.sleep(0)
    leaving.cancel()
    threads.serve()
    release.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await threads.run(lambda: "free") == "free"
