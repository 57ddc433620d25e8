"""The plugin `metrics`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)

from attrs import frozen
from koe.api import KoeError, Plugin, RequestFinished, SegmentSynthesized, Server, guarded, hookimpl
from prometheus_client import disable_created_metrics
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from koe_metrics.config import MetricsConfig
from koe_metrics.counting import CountAnswers
from koe_metrics.instruments import Instruments
from koe_metrics.listener import listening
from koe_metrics.sampling import Sampler
from koe_metrics.scraping import Allowed, Scraping
from koe_metrics.stores import Store, own_store, shared_store


@frozen
class _Running:
    """What there is while koe serves."""

    instruments: Instruments
    scraping: Scraping


class MetricsPlugin(Plugin):
    """Counts what happens while koe serves, and shows it to Prometheus. Commands count nothing."""

    Config = MetricsConfig

    def __init__(self, config: MetricsConfig | None = None) -> None:
        super().__init__(config)
        self.settings = MetricsConfig() if config is None else config
        self._allowed = Allowed(self.settings.allow)
        self._running: _Running | None = None

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        return [Middleware(CountAnswers, instruments=self._instruments)]

    @hookimpl
    def register_routes(self, server: Server) -> Iterable[BaseRoute]:  # noqa: ARG002 - lifespan has it, too
        return [] if self.settings.port else [guarded(self._route(), "admin")]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:
        if not server.workers:
            yield
            return
        disable_created_metrics()  # type: ignore[no-untyped-call]
        async with AsyncExitStack() as stack:
            store = stack.enter_context(_store(server))
            default_engine = server.engines()[0].name
            instruments = Instruments(store.registry, default_engine)
            sampler = Sampler(server, instruments, self.settings.sample_s)
            self._running = _Running(instruments, Scraping(sampler, store))
            await stack.enter_async_context(_sampling(sampler))
            if self.settings.port:
                await stack.enter_async_context(self._own_port(server))
            try:
                yield
            finally:
                self._running = None

    @hookimpl
    def segment_synthesized(self, event: SegmentSynthesized) -> None:
        if self._running is not None:
            self._running.instruments.segment(event)

    @hookimpl
    def request_finished(self, event: RequestFinished) -> None:
        if self._running is not None:
            self._running.instruments.request(event)

    def _instruments(self) -> Instruments | None:
        return None if self._running is None else self._running.instruments

    def _route(self) -> Route:
        return Route(self.settings.path, self._answer)

    async def _answer(self, request: Request) -> Response:
        self._allowed.check(request)
        if self._running is None:
            return PlainTextResponse("koe is not serving", 503)
        return await self._running.scraping.answer(request)

    def _own_port(self, server: Server) -> AbstractAsyncContextManager[None]:
        app = Starlette(routes=[self._route()], exception_handlers={KoeError: _plainly})
        return listening(app, self.settings.host, self.settings.port, shared=server.workers > 1)


def _store(server: Server) -> AbstractContextManager[Store]:
    if server.shared_folder is None:
        return own_store()
    return shared_store(server.shared_folder, server.worker, server.workers)


@asynccontextmanager
async def _sampling(sampler: Sampler) -> AsyncIterator[None]:
    await sampler.sample()
    task = asyncio.create_task(sampler.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _plainly(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KoeError)
    return PlainTextResponse(f"{error.message}\n", error.status)
