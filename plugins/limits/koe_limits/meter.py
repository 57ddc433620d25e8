"""What is counted in one running server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field
from koe.api import RequestFinished

from koe_limits.allowances import Allowances
from koe_limits.clients import Client, Clients
from koe_limits.config import RateLimitConfig
from koe_limits.limiter import Limiter
from koe_limits.storage import opened

_LAST_S = 2.0


@define(eq=False)
class Meter:
    """The limiter while the server runs, and the counting that is still under way. Of one event loop."""

    config: RateLimitConfig
    clients: Clients = field(init=False)
    _allowances: Allowances = field(init=False)
    _limiter: Limiter | None = field(default=None, init=False)
    _counting: set[asyncio.Task[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._allowances = Allowances(self.config)
        in_memory = self.config.storage.reveal() == "memory"
        most = self.config.max_clients if in_memory else None
        # A sliding window looks back on the one before it.
        self.clients = Clients(self.config.ipv6_prefix, 2 * self._allowances.longest_s, most)

    @property
    def limiter(self) -> Limiter:
        if self._limiter is None:
            raise RuntimeError("the limits are counted only while the server runs")
        return self._limiter

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count while the block runs; what was spent by then is counted before it is left."""
        async with opened(self.config) as storage:
            self._limiter = Limiter(self.config, self._allowances, storage)
            try:
                yield
            finally:
                if self._counting:
                    await asyncio.wait(self._counting, timeout=_LAST_S)
                self._limiter = None

    def finished(self, event: RequestFinished) -> None:
        """Count the audio of a request that has ended, soon."""
        client = self.clients.of_event(event.caller, event.client)
        if self._limiter is None or client is None or not event.audio_s:
            return
        self._spend(self._limiter, client, event.audio_s)

    def _spend(self, limiter: Limiter, client: Client, audio_s: float) -> None:
        task = asyncio.get_running_loop().create_task(limiter.spend(client, audio_s))
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)
