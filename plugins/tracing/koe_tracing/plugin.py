"""The plugin `tracing`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version

from koe.api import Plugin, RequestFinished, SegmentSynthesized, Server, hookimpl
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Tracer
from starlette.middleware import Middleware

from koe_tracing.config import TracingConfig
from koe_tracing.middleware import TraceRequests
from koe_tracing.spans import SpeechSpans

_BATCH = 512


class TracingPlugin(Plugin):
    """Sends traces while koe serves. Spans are sent by a thread, which nobody waits for.

    Args:
        config: the settings.
        exporter: where spans go; by default to the OTLP collector of the settings.
    """

    Config = TracingConfig

    def __init__(self, config: TracingConfig | None = None, exporter: SpanExporter | None = None) -> None:
        super().__init__(config)
        self.settings = TracingConfig() if config is None else config
        self._exporter = exporter
        self._tracer: Tracer | None = None
        self._spans: SpeechSpans | None = None

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        return [Middleware(TraceRequests, tracer=lambda: self._tracer)]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:
        if not server.workers:
            yield
            return
        provider = self._provider(server)
        self._tracer = provider.get_tracer("koe", version("koe"))
        self._spans = SpeechSpans(self._tracer)
        try:
            yield
        finally:
            self._tracer = self._spans = None
            await asyncio.to_thread(provider.shutdown)

    @hookimpl
    def segment_synthesized(self, event: SegmentSynthesized) -> None:
        if self._spans is not None:
            self._spans.segment(event)

    @hookimpl
    def request_finished(self, event: RequestFinished) -> None:
        if self._spans is not None:
            self._spans.request(event)

    def _provider(self, server: Server) -> TracerProvider:
        settings = self.settings
        exporter = self._exporter or OTLPSpanExporter(
            settings.endpoint.reveal(),
            headers={name: value.reveal() for name, value in settings.headers.items()},
            timeout=settings.timeout_s,
        )
        attributes = {
            "service.name": settings.service,
            "service.version": version("koe"),
            "service.instance.id": str(server.worker),
        }
        provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.ratio),
            resource=Resource(attributes),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=settings.max_waiting,
                max_export_batch_size=min(_BATCH, settings.max_waiting),
                export_timeout_millis=settings.timeout_s * 1_000,
            )
        )
        return provider
