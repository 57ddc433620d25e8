"""What hypercorn has to say, as koe's log events."""

import logging
from typing import Any

import structlog
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.typing import ResponseSummary, WWWScope

from koe.http.middleware import caller

log = structlog.get_logger(__name__)

_QUIET = ("/health", "/metrics")


class HypercornLog(Logger):
    """`Config.logger_class`: an event per request, and hypercorn's own messages through `logging`.

    Requests for `/health…` and `/metrics`, which come every few seconds, are logged at debug level. What
    hypercorn says at info level is not logged: koe announces its address itself.
    """

    def __init__(self, config: Config) -> None:
        config.accesslog = None
        config.errorlog = None
        super().__init__(config)
        self.error_logger = logging.getLogger("hypercorn.error")

    async def info(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Leave it out."""

    async def access(self, request: WWWScope, response: ResponseSummary | None, request_time: float) -> None:
        """Log one request. `response` is None where none was sent to its end."""
        raw_path = request["raw_path"].decode("latin-1")
        say = log.debug if raw_path.startswith(_QUIET) else log.info
        say(
            "request_served" if response is not None else "request_cut_short",
            method=request.get("method", "GET"),
            path=raw_path,
            status=int(response["status"]) if response is not None else None,
            seconds=round(request_time, 6),
            http=request.get("http_version", ""),
            client=_client(request),
            **_caller(request),
            **_request_id(request),
        )


def _client(request: WWWScope) -> str:
    client = request.get("client")
    return f"{client[0]}:{client[1]}" if client else ""


def _caller(request: WWWScope) -> dict[str, str]:
    """The name of the API key, where one was asked for."""
    name = caller(dict(request))
    return {"caller": name} if name else {}


def _request_id(request: WWWScope) -> dict[str, str]:
    """The id from the scope: a request whose client has left is logged outside its own context."""
    found = request.get("koe.request_id")
    return {"request_id": str(found)} if found else {}
