"""Whether an engine's model is in memory: let go of when nobody needed it for a while, back on demand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from functools import partial
from traceback import clear_frames

import structlog
from attrs import define, field, frozen

from koe.errors import EngineUnavailableError
from koe.memory import give_back, resident_bytes
from koe.stages import Engine
from koe.types import ModelState

log = structlog.get_logger(__name__)


@frozen
class Loading:
    """When somebody began and ceased to wait for a model (`time.perf_counter`)."""

    began: float
    ended: float


@define(eq=False)
class Residence:
    """The model of one open engine. Belongs to one event loop; the engine itself works in threads.

    Whoever infers holds a lease. While there is one, the model stays; `unload_after_s` after the last, the
    engine is asked to let go of it (`Engine.unload`), and with the next lease to bring it back. One thing
    happens at a time: a lease that is asked for meanwhile waits for its end.

    Args:
        engine: open, and loaded.
        unload_after_s: 0 for never.
    """

    engine: Engine
    unload_after_s: float = 0.0
    state: ModelState = field(default="loaded", init=False)
    _leases: int = field(default=0, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _change: "asyncio.Task[Exception | None] | None" = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def begin(self) -> None:
        """The engine is ready; from now on it may be idle."""
        self._rest()

    async def close(self) -> None:
        """Change nothing any more, and wait until nothing changes: the engine is about to be closed."""
        self._closed = True
        self._wake()
        if self._change is not None:
            await asyncio.shield(self._change)

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Loading | None]:
        """Keep the model in memory during the block; it begins once the model is there.

        Gives when that was waited for, None where it was there already.

        Raises:
            EngineUnavailableError: it could not be loaded. The next lease tries again.
        """
        self._leases += 1
        self._wake()
        try:
            yield await self._loaded()
        finally:
            self._leases -= 1
            self._rest()

    async def _loaded(self) -> Loading | None:
        began, waited = time.perf_counter(), False
        while self.state != "loaded":
            waited = True
            if self._change is None:
                self._begin_loading()
            assert self._change is not None
            error = await asyncio.shield(self._change)
            if error is not None:
                raise self._unavailable() from error
        return Loading(began, time.perf_counter()) if waited else None

    def _begin_loading(self) -> None:
        if self._closed:
            raise self._unavailable()
        self.state = "loading"
        self._change = asyncio.create_task(self._load())

    async def _load(self) -> Exception | None:
        """Load the model. Gives the error for all who wait."""
        try:
            facts = await asyncio.to_thread(measured, self._bring_back)
        except Exception as error:
            log.exception("model_load_failed", engine=self.engine.name)
            self.state = "unloaded"
            return error
        else:
            self.state = "loaded"
            log.info("model_loaded", engine=self.engine.name, **facts)
            return None
        finally:
            self._change = None
            self._rest()

    async def _unload(self) -> Exception | None:
        """Unload the model. What goes wrong is nobody's who waits: they load it again."""
        try:
            facts = await asyncio.to_thread(measured, self._let_go)
        except Exception:
            # Half of it may be gone, so that it counts as gone: the next lease loads it anew.
            log.exception("model_unload_failed", engine=self.engine.name)
        else:
            log.info("model_unloaded", engine=self.engine.name, **facts)
        finally:
            self.state = "unloaded"
            self._change = None
        return None

    def _bring_back(self) -> None:
        try:
            self.engine.load()
        except BaseException as error:
            _forget_locals(error)
            give_back()
            raise

    def _let_go(self) -> None:
        try:
            self.engine.unload()
        finally:
            give_back()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self) -> None:
        """Let the time run, if nobody needs the model."""
        if self._leases or self._closed or self.state != "loaded" or not self._unloads():
            return
        self._wake()
        # A context of its own: what the log says then belongs to no request.
        expire = partial(Context().run, self._expire)
        self._timer = asyncio.get_running_loop().call_later(self.unload_after_s, expire)

    def _unloads(self) -> bool:
        return self.unload_after_s > 0 and type(self.engine).unload is not Engine.unload

    def _expire(self) -> None:
        self._timer = None
        self.state = "unloading"
        self._change = asyncio.create_task(self._unload())

    def _unavailable(self) -> EngineUnavailableError:
        return EngineUnavailableError(
            f"Engine {self.engine.name!r} had let go of its model and could not load it again; the server's "
            f"log says why. Try again later, or ask for another engine"
        )


def _forget_locals(error: BaseException) -> None:
    """Let go of what the functions that failed held, such as half a model, however long the error is kept."""
    chained: BaseException | None = error
    while chained is not None:
        clear_frames(chained.__traceback__)
        chained = chained.__cause__ or chained.__context__


def measured(work: Callable[[], None]) -> dict[str, float | int]:
    """Load or unload. Gives how long it took, and how large the process was before and is now."""
    began, before = time.perf_counter(), resident_bytes()
    work()
    facts: dict[str, float | int] = {"seconds": round(time.perf_counter() - began, 3)}
    after = resident_bytes()
    if before is not None and after is not None:
        facts |= {"bytes_before": before, "bytes_after": after}
    return facts
