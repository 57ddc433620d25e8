"""Work is bounded, ordered and cancellable."""

import asyncio
import threading

import pytest
from koe.cancellation import Cancellation
from koe.workers import Threads


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
