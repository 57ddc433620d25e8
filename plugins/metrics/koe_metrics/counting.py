"""Counts HTTP answers."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from koe_metrics.instruments import Instruments
from koe_metrics.labels import OTHER

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ANSWER = "none"


class CountAnswers:
    """Middleware that counts every request once it is over, by its route and never by its path."""

    def __init__(self, app: ASGIApp, instruments: Callable[[], Instruments | None]) -> None:
        self.app = app
        self._instruments = instruments

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        instruments = self._instruments()
        if scope["type"] not in {"http", "websocket"} or instruments is None:
            await self.app(scope, receive, send)
            return
        status = _NO_ANSWER

        async def watched_send(message: Message) -> None:
            nonlocal status
            status = _status(message, status)
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        finally:
            instruments.http_requests.labels(_route(scope), _method(scope), status).inc()


def _status(message: Message, before: str) -> str:
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            return str(message["status"])
        case "websocket.accept":
            return "101"
        case "websocket.close" if before == _NO_ANSWER:
            return "403"  # what servers make of it
    return before


def _route(scope: Scope) -> str:
    """The path that the route was registered with; what matched none is `other`."""
    return str(getattr(scope.get("route"), "path", OTHER))


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    return str(scope["method"]) if scope["method"] in _METHODS else OTHER
