"""Tasks that are stopped have ended, and none is left to complain of."""

import asyncio
import gc

from koe.tasks import stopped


async def test_what_runs_is_cancelled_and_what_failed_is_noted() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    cleaned_up = []

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.append(True)

    async def fail() -> None:
        raise ValueError("lost")

    running, failing = asyncio.create_task(run()), asyncio.create_task(fail())
    await asyncio.sleep(0)
    await stopped([running, failing])
    assert (running.cancelled(), cleaned_up) == (True, [True])
    assert failing.done()
    del running, failing
    gc.collect()
    assert complaints == []
