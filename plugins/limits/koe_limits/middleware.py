"""The middleware that counts."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from attrs import define, field
from koe.api import DescribedMiddleware, access
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from koe_limits.clients import Client
from koe_limits.errors import LimitsUnavailableError, QuotaExceededError, RateLimitedError
from koe_limits.limiter import HEADERS
from koe_limits.meter import Meter

log = structlog.get_logger(__name__)

_POLICY_VIOLATION = 1008
_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


class RateLimiting:
    """Counts requests to routes that a key must have a scope for, and refuses those beyond the limit."""

    def __init__(self, app: ASGIApp, *, meter: Meter) -> None:
        self.app = app
        self._meter = meter
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not _counted(scope):
            await self.app(scope, receive, send)
            return
        client = self._meter.clients.of_scope(scope)
        said = await self._meter.limiter.admit(client)
        session = _Session(receive, send, said, self._meter, client)
        watched = session.receive if scope["type"] == "websocket" else receive
        try:
            await self.app(scope, watched, session.send)
        finally:
            self._check_order(scope, client)

    def _check_order(self, scope: Scope, client: Client) -> None:
        user = scope.get("user")
        if not self._warned and not client.name and user is not None and user.is_authenticated:
            self._warned = True
            log.warning("keys_not_counted", reason="list auth before ratelimit in plugins.enabled")


@define(eq=False)
class _Session:
    """What a route receives and sends: headers that tell of the limits, an end when the quota is used up."""

    _receive: Receive
    _send: Send
    _said: Mapping[str, str]
    _meter: Meter
    _client: Client
    _closed: bool = field(default=False, init=False)

    async def send(self, message: Message) -> None:
        if self._closed:
            return
        if message["type"] in _STARTS:
            _add(message, self._said)
        await self._send(message)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] != "websocket.receive" or not self._meter.limiter.exhausted(self._client):
            return message
        log.info("session_refused", code=QuotaExceededError.code, account=self._client.account)
        self._closed = True
        reason = "the quota of audio is used up"
        await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}


def rate_limiting(meter: Meter) -> DescribedMiddleware:
    """The middleware, described for `/openapi.json`."""
    return DescribedMiddleware(
        RateLimiting,
        meter=meter,
        concerns=lambda one: one.needs is not None,
        errors=(RateLimitedError, QuotaExceededError, LimitsUnavailableError),
        headers=HEADERS,
    )


def _counted(scope: Scope) -> bool:
    wanted = access(scope)
    return wanted is not None and wanted.needs is not None


def _add(message: MutableMapping[str, Any], said: Mapping[str, str]) -> None:
    message.setdefault("headers", [])
    headers = MutableHeaders(scope=message)
    for name, value in said.items():
        headers[name] = value
