"""Stopping work that nobody waits for any more."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from koe.errors import CancelledByCallerError


class Cancellation:
    """A flag that another thread may set. Safe to use from any thread.

    A strategy either asks (`cancelled`, `check()`) between steps or, where it is inside a long call,
    registers what to do (`on_cancel`).
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `CancelledByCallerError` once the work is cancelled."""
        if self.cancelled:
            raise CancelledByCallerError("The work was cancelled")

    def cancel(self) -> None:
        """Set the flag and run the registered callbacks, once, in this thread."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    @contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Iterator[None]:
        """Run `callback` if the work is cancelled inside the block (or already was)."""
        with self._lock:
            already = self._event.is_set()
            if not already:
                self._callbacks.append(callback)
        if already:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)
