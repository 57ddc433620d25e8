"""The one thread of the process that owns espeak-ng."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from koe_espeak.files import EspeakFiles
from koe_espeak.library import Library

T = TypeVar("T")


class _Owner:
    """A single thread and the library it holds."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        self._library: Library | None = None

    def submit(self, files: EspeakFiles, work: Callable[[Library], T]) -> "Future[T]":
        return self._executor.submit(self._run, files, work)

    def close(self) -> None:
        self._executor.submit(self._unload)
        self._executor.shutdown(wait=True)

    def _run(self, files: EspeakFiles, work: Callable[[Library], T]) -> T:
        if self._library is None or self._library.files != files:
            self._unload()
            self._library = Library(files)
        return work(self._library)

    def _unload(self) -> None:
        if self._library is not None:
            library, self._library = self._library, None
            library.close()


_lock = threading.Lock()
_clients: set["Espeak"] = set()
_owner: _Owner | None = None


class Espeak:
    """Access to the process's espeak-ng. Safe to use from any thread.

    All instances share one thread and one library, which start with the first `run` and end when the last
    instance that ran something is closed. A closed instance may be used again.
    """

    def __init__(self, files: Callable[[], EspeakFiles]) -> None:
        self._files = files

    def run(self, work: Callable[[Library], T]) -> T:
        """The result of `work`, called in the owning thread; waits for the work before it.

        Raises:
            EngineUnavailableError: the library cannot be loaded.
        """
        return self._submit(work).result()

    def close(self) -> None:
        """Let go of the library. Closing twice does no harm."""
        global _owner
        with _lock:
            _clients.discard(self)
            if not _clients and _owner is not None:
                owner, _owner = _owner, None
                if owner.process == os.getpid():
                    owner.close()

    def _submit(self, work: Callable[[Library], T]) -> "Future[T]":
        global _owner  # noqa: PLW0603 - as above
        files = self._files()
        with _lock:
            if _owner is None or _owner.process != os.getpid():  # a fork has no threads of its parent's
                _clients.clear()
                _owner = _Owner()
            _clients.add(self)
            return _owner.submit(files, work)
