"""A block that ends when something else happens first."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from koe.http.race import CancelWhen

T = TypeVar("T")


def run(session: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(asyncio.wait_for(session(), 10))


def test_a_block_that_ends_first_is_left_alone() -> None:
    async def session() -> tuple[bool, bool]:
        with CancelWhen(asyncio.Event().wait()) as race:
            await asyncio.sleep(0)
        return race.happened, race.interrupted

    assert run(session) == (False, False)


def test_a_block_is_interrupted_in_its_own_task() -> None:
    async def session() -> tuple[bool, bool, int]:
        event = asyncio.Event()
        with CancelWhen(event.wait()) as race:
            event.set()
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        return race.happened, race.interrupted, task.cancelling()

    assert run(session) == (True, True, 0)


def test_an_error_inside_the_block_passes() -> None:
    async def session() -> None:
        event = asyncio.Event()
        with CancelWhen(event.wait()):
            event.set()
            try:
                await asyncio.Event().wait()
            finally:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(session)


def test_a_cancellation_from_outside_is_not_swallowed() -> None:
    async def block(event: asyncio.Event) -> None:
        with CancelWhen(event.wait()):
            await asyncio.Event().wait()

    async def session() -> bool:
        event = asyncio.Event()
        task = asyncio.create_task(block(event))
        await asyncio.sleep(0)
        event.set()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(session)


def test_an_event_that_fails_ends_the_block_with_its_error() -> None:
    async def failing() -> None:
        raise ZeroDivisionError

    async def session() -> None:
        with CancelWhen(failing()):
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        run(session)
