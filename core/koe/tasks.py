"""The end of tasks that nobody waits for any more."""

import asyncio
from collections.abc import Collection
from typing import Any


async def stopped(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel what still runs, and wait for its end; errors are noted, for whoever asks for them."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
