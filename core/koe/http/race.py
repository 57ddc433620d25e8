"""Stop awaiting when something else happens first."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class CancelWhen:
    """A block that is cancelled, in its own task, when `event` comes to its end.

    The manner is that of `asyncio.timeout`: work inside the block stays in one task and one context, so
    that generators and context managers may be entered here and left elsewhere in the same task. Where
    only `event` cancelled the block, the block ends quietly, or with the error that `event` raised; look at
    the attributes behind it.

    Attributes:
        happened: `event` has come to its end.
        interrupted: the block did not.
    """

    def __init__(self, event: Coroutine[Any, Any, object]) -> None:
        self.happened = False
        self.interrupted = False
        self._event = event

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling_before = task.cancelling()
        self._watcher = asyncio.ensure_future(self._event)
        self._watcher.add_done_callback(self._on_event)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._watcher.remove_done_callback(self._on_event)
        self._watcher.cancel()
        if not self.happened:
            return False
        only_ours = self._task.uncancel() <= self._cancelling_before
        self.interrupted = only_ours and isinstance(error, asyncio.CancelledError)
        if self.interrupted:
            self._watcher.result()  # raises where the event failed
        return self.interrupted

    def _on_event(self, watcher: asyncio.Future[object]) -> None:
        if not watcher.cancelled():
            self.happened = True
            self._task.cancel()
