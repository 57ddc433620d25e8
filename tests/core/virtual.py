"""An event loop in virtual time, in which threads' work is done at once and takes as long as it says."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting, moves the loop's clock on."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready already."""
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen any more")
        self.loop.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only while everybody waits.

    `took_s`, set by work in an executor, says how long it took; the work itself is done when it is begun.
    """

    def __init__(self) -> None:
        selector = _NoWaiting()
        self.now = 0.0
        self.took_s = 0.0
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self.now

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, work: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """The result of `work`, once as much time has passed as it says it took."""
        self.took_s = 0.0
        future = self.create_future()
        try:
            settle = self._settled(future, work(*args))
        except Exception as error:  # noqa: BLE001 - it is the caller's, as that of a thread would be
            settle = self._failed(future, error)
        if self.took_s:
            self.call_later(self.took_s, settle)
        else:
            self.call_soon(settle)
        return future

    def _settled(self, future: "asyncio.Future[Any]", result: object) -> Callable[[], None]:
        return lambda: None if future.done() else future.set_result(result)

    def _failed(self, future: "asyncio.Future[Any]", error: Exception) -> Callable[[], None]:
        return lambda: None if future.done() else future.set_exception(error)


def run_virtually(main: Callable[[VirtualLoop], Any]) -> Any:
    """Run `main(loop)` to its end in a loop of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.close()
