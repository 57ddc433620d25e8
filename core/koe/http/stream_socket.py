"""`GET /v1/audio/speech/stream`: a WebSocket that takes text as it is written, and speaks it."""

from http import HTTPStatus

import structlog
from attrs import define
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from koe.access import guarded
from koe.errors import DrainingError, OverloadedError
from koe.http.backend import Backend
from koe.http.errors import error_detail, error_response
from koe.http.middleware import caller, client, request_id
from koe.http.responses import ClientGoneError, ResponseAbortedError
from koe.http.stream_messages import ErrorEvent
from koe.http.stream_peer import INTERNAL_ERROR, ClientStalledError, Peer, ProtocolViolationError
from koe.http.stream_session import Session

log = structlog.get_logger(__name__)

PATH = "/v1/audio/speech/stream"


def routes(backend: Backend) -> list[BaseRoute]:
    """The WebSocket, and an answer for those who come without one."""
    both = (WebSocketRoute(PATH, StreamSocket(backend)), Route(PATH, _upgrade_required))
    return [guarded(route, "speech") for route in both]


@define(eq=False)
class StreamSocket:
    """The ASGI application behind the route. Each connection is a session."""

    backend: Backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal()
        if refusal is not None:
            log.info("session_refused", code=refusal.code)
            await error_response(refusal, request_id(scope))(scope, receive, send)
            return
        self.backend.sessions += 1
        try:
            await self._serve(scope, receive, send)
        except ClientStalledError as error:
            log.warning("session_broken_off", reason=error.message)
            raise ResponseAbortedError(error.message) from error
        finally:
            self.backend.sessions -= 1

    def _refusal(self) -> OverloadedError | None:
        readiness, limit = self.backend.readiness(), self.backend.settings.limits.max_sessions
        if not readiness.ready:
            return DrainingError(f"No new session now: {', '.join(readiness.reasons)}", retry_after_s=5.0)
        if self.backend.sessions >= limit:
            return OverloadedError(f"All {limit} sessions are taken (limits.max_sessions); try again later")
        return None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        peer = Peer(receive, send, self.backend.settings.http.stream_stall_timeout_s)
        identifier = request_id(scope)
        try:
            await Session(self.backend, peer, identifier, caller(scope), client(scope)).run()
        except ClientStalledError:
            raise
        except ClientGoneError:
            log.info("client_left", path=scope["path"])
        except ProtocolViolationError as error:
            log.info("session_broken_off", close_code=error.close_code, reason=error.message)
            await peer.send(ErrorEvent(error_detail(error, identifier)))
            await peer.close(error.close_code, error.message)
        except Exception as error:
            log.exception("session_failed")
            await peer.send(ErrorEvent(error_detail(error, identifier)))
            await peer.close(INTERNAL_ERROR, "the server failed")


async def _upgrade_required(_request: Request) -> Response:
    raise HTTPException(
        HTTPStatus.UPGRADE_REQUIRED,
        f"{PATH} is a WebSocket; connect with a WebSocket client to ws://… (wss://… with TLS)",
        headers={"upgrade": "websocket"},
    )
