"""The plugin `ratelimit`."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog
from koe.api import Plugin, RequestFinished, Server, hookimpl
from starlette.middleware import Middleware

from koe_limits.config import RateLimitConfig
from koe_limits.meter import Meter
from koe_limits.middleware import rate_limiting

log = structlog.get_logger(__name__)


class RateLimitPlugin(Plugin):
    """Registers the middleware that counts requests, and watches how much audio they made."""

    Config = RateLimitConfig

    def __init__(self, config: RateLimitConfig | None = None) -> None:
        super().__init__(config)
        self._settings = RateLimitConfig() if config is None else config
        self._meter = Meter(self._settings)

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        return [rate_limiting(self._meter)]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:
        if server.workers > 1 and self._settings.storage.reveal() == "memory":
            log.warning("limits_not_shared", workers=server.workers, way_out="plugins.ratelimit.storage")
        async with self._meter.running():
            yield

    @hookimpl
    def request_finished(self, event: RequestFinished) -> None:
        self._meter.finished(event)
