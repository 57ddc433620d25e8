"""Answers whose end tells the truth: complete, or visibly broken."""

from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import structlog
from starlette.types import Receive, Scope, Send

from koe.errors import CancelledByCallerError, KoeError, StageError
from koe.http.race import CancelWhen

log = structlog.get_logger(__name__)

T = TypeVar("T")

_CLIENT_GONE = "The client left before the answer was complete"


class ClientGoneError(CancelledByCallerError):
    """The client closed its connection or reset its stream before the answer was complete."""

    code = "client_gone"


class ResponseAbortedError(Exception):
    """An answer broke off after it had begun. Logged where it is raised.

    It must reach the server: `koe.http.exchanges` breaks the connection (HTTP/1) or resets the stream
    (HTTP/2), so that no client can take what it has for the whole. Middleware lets it through.
    """


class AudioResponse:
    """An ASGI response that sends pieces as they are made.

    `first` is the piece that the route has already awaited, so that what fails before it is a proper HTTP
    error; `rest` yields the others. Whatever happens once the response is called (end, error, client gone,
    cancellation), `rest` is closed, in the task that called the response.

    An error in `rest` is logged and raised as `ResponseAbortedError`; a client that leaves only ends it.

    Args:
        first: the first piece; the response begins with it.
        rest: the pieces behind it.
        media_type: the `content-type`.
        headers: further headers; a `content-length` would have to be exact.
        status: the HTTP status.
    """

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> None:
        self.first = first
        self.rest = rest
        self.status = status
        self.headers = {"content-type": media_type, **(headers or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(self.rest):
                await run_until_disconnect(receive, self._send_pieces(send))
        except ClientGoneError:
            log.info("client_left", path=scope["path"])
            return
        except Exception as error:
            _log_broken(error, scope)
            raise ResponseAbortedError(f"The answer broke off: {type(error).__name__}: {error}") from error
        # Outside the race: hypercorn reports a disconnect as soon as an answer is complete.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_pieces(self, send: Send) -> None:
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.first, "more_body": True})
        async for piece in self.rest:
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def run_until_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` in the current task, and cancel it once the client is gone.

    The request's body must have been read: what is left of it is thrown away.

    Raises:
        ClientGoneError: the client left first; `work` was cancelled and has ended.
    """
    with CancelWhen(_wait_for_disconnect(receive)) as disconnect:
        try:
            result = await work
        except CancelledByCallerError as error:
            if disconnect.happened:
                raise ClientGoneError(_CLIENT_GONE) from error
            raise
    if disconnect.happened:
        raise ClientGoneError(_CLIENT_GONE)
    return result


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _log_broken(error: Exception, scope: Scope) -> None:
    foreseen = isinstance(error, KoeError) and not isinstance(error, StageError)
    log.error(
        "response_broke_off",
        path=scope["path"],
        error=f"{type(error).__name__}: {error}",
        exc_info=None if foreseen else error,
    )
