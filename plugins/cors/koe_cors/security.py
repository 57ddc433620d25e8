"""Headers that keep browsers from guessing, framing and telling."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from koe_cors.config import SecurityConfig


class SecurityHeaders:
    """Middleware: adds the headers that an answer does not have of its own."""

    def __init__(self, app: ASGIApp, config: SecurityConfig) -> None:
        self.app = app
        self._always: Mapping[str, str] = {
            "x-content-type-options": "nosniff",
            "referrer-policy": config.referrer_policy,
            "content-security-policy": config.content_security_policy,
        }
        self._hsts = f"max-age={config.hsts_s}" if config.hsts_s else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._add(MutableHeaders(scope=message), secure=scope.get("scheme") == "https")
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, *, secure: bool) -> None:
        for name, value in self._always.items():
            if value:
                headers.setdefault(name, value)
        if secure and self._hsts:
            headers.setdefault("strict-transport-security", self._hsts)
