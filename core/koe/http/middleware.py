"""What surrounds every request: an id, and an answer to every error."""

import re
import uuid
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from koe.errors import CancelledByCallerError, KoeError
from koe.http.errors import error_response
from koe.http.headers import REQUEST_ID
from koe.http.responses import ClientGoneError

log = structlog.get_logger(__name__)

_SCOPE_KEY = "koe.request_id"
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
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except (ClientDisconnect, ClientGoneError):
            log.info("client_left", path=scope["path"])
        except Exception as error:
            if begun:
                raise
            _log(error, scope)
            await error_response(error, request_id(scope))(scope, receive, send)


def _chosen_id(scope: Scope) -> str:
    """The client's own id where it is harmless, else a fresh one."""
    sent = Headers(scope=scope).get(REQUEST_ID, "")
    return sent if _VALID_ID.fullmatch(sent) else f"req_{uuid.uuid4().hex}"


def _log(error: Exception, scope: Scope) -> None:
    place = {"method": scope["method"], "path": scope["path"]}
    if isinstance(error, HTTPException):
        log.info("request_refused", status=error.status_code, reason=error.detail, **place)
    elif not isinstance(error, KoeError) or error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", error=type(error).__name__, exc_info=error, **place)
    elif isinstance(error, CancelledByCallerError):
        log.info("request_cancelled", **place)
    else:
        log.info("request_refused", status=error.status, code=error.code, reason=error.message, **place)
