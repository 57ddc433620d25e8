"""Refuses WebSockets that a page from elsewhere opens: browsers ask nobody before they do."""

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from koe_cors.config import ANY

log = structlog.get_logger(__name__)


class WebSocketOrigins:
    """Middleware: lets WebSockets through whose `origin` is allowed, the server's own, or not there at all.

    Programs send none; browsers always do, and pages cannot forge it.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self.app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not self._welcome(Headers(scope=scope)):
            log.info("websocket_origin_refused", path=scope["path"])
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)

    def _welcome(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None or ANY in self._origins or origin in self._origins:
            return True
        return origin.partition("://")[2] == headers.get("host")
