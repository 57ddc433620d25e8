"""What surrounds every request: an id, and an answer to every error."""

import asyncio
import re
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from koe.errors import CancelledByCallerError, KoeError
from koe.http.errors import error_response
from koe.http.headers import REQUEST_ID, new_request_id
from koe.http.responses import ClientGoneError

log = structlog.get_logger(__name__)

_SCOPE_KEY = "koe.request_id"
_MOST_LEFT_BYTES = 65_536
_LEFT_S = 1.0
_BEGINNINGS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_VALID_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")


def request_id(scope: Scope) -> str:
    """The id that `RequestIdMiddleware` gave the request; empty outside of it."""
    found = scope.get(_SCOPE_KEY, "")
    assert isinstance(found, str)
    return found


def caller(scope: Scope) -> str:
    """The name that an authentication middleware left in the scope (Starlette's `user`); empty for nobody."""
    user = scope.get("user")
    return str(user.display_name) if user is not None and user.is_authenticated else ""


def client(scope: Scope) -> str:
    """The address that the request comes from; empty where it is unknown."""
    peer = scope.get("client")
    return str(peer[0]) if peer else ""


class RequestIdMiddleware:
    """Gives every request an id: in the scope, in the log and in the answer's `x-request-id`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        identifier = _chosen_id(scope)
        scope[_SCOPE_KEY] = identifier

        async def send_with_id(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[REQUEST_ID] = identifier
            await send(message)

        with bound_contextvars(request_id=identifier):
            await self.app(scope, receive, send_with_id)


class ErrorMiddleware:
    """Answers errors with the envelope.

    An error that comes after the answer began goes on to the server, which breaks the connection: no client
    can take what it got for complete.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in _BEGINNINGS or message["type"] == "websocket.close"
            await send(message)

        body = _Body(receive)
        try:
            await self.app(scope, body.receive, watched_send)
        except (ClientDisconnect, ClientGoneError):
            log.info("client_left", path=scope["path"])
        except Exception as error:
            if begun:
                raise
            _log(error, scope)
            response = error_response(error, request_id(scope))
            if _shares_its_connection(scope) and not await body.read_to_end():
                response.headers["connection"] = "close"
            await response(scope, receive, send)


class _Body:
    """How much of a request has been read.

    An HTTP/1.1 connection cannot go on to the next request before this one was read, and a client that is
    refused at once may be about to send the rest: it must be read, or told that the connection ends.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def receive(self) -> Message:
        message = await self._receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
        self._complete = self._complete or not more
        return message

    async def read_to_end(self) -> bool:
        """Throw away what is left; False where that is much, or does not come soon."""
        left = _MOST_LEFT_BYTES
        try:
            async with asyncio.timeout(_LEFT_S):
                while not self._complete and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            pass
        return self._complete


def _shares_its_connection(scope: Scope) -> bool:
    """Whether other requests come on the same connection after this one: HTTP/1.1."""
    return scope["type"] == "http" and str(scope["http_version"]).startswith("1")


def _chosen_id(scope: Scope) -> str:
    """The client's own id where it is harmless, else a fresh one."""
    sent = Headers(scope=scope).get(REQUEST_ID, "")
    return sent if _VALID_ID.fullmatch(sent) else new_request_id()


def _log(error: Exception, scope: Scope) -> None:
    place = {"method": scope.get("method", "WEBSOCKET"), "path": scope["path"]}
    if isinstance(error, HTTPException):
        log.info("request_refused", status=error.status_code, reason=error.detail, **place)
    elif not isinstance(error, KoeError) or error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", error=type(error).__name__, exc_info=error, **place)
    elif isinstance(error, CancelledByCallerError):
        log.info("request_cancelled", **place)
    else:
        log.info("request_refused", status=error.status, code=error.code, reason=error.message, **place)
