"""A span for each HTTP request and WebSocket, in the trace that its caller names."""

from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SERVER_ERROR = 500
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class TraceRequests:
    """Middleware. A `traceparent` (W3C) of the request is the span's parent."""

    def __init__(self, app: ASGIApp, tracer: Callable[[], Tracer | None]) -> None:
        self.app = app
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = self._tracer()
        if tracer is None or scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        context = self._propagator.extract(dict(Headers(scope=scope)))
        method = _method(scope)
        span = tracer.start_span(method, context, SpanKind.SERVER, {"http.request.method": method})
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):

            async def watched_send(message: Message) -> None:
                if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _SERVER_ERROR:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self.app(scope, receive, watched_send)
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                if route := getattr(scope.get("route"), "path", ""):
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"
