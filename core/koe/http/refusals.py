"""Answers to clients that never become a request: no HTTP, or no room."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

import structlog
from attrs import define
from starlette.responses import Response

from koe.errors import InvalidRequestError, OverloadedError
from koe.http.errors import ErrorDetail, envelope, error_response
from koe.http.headers import REQUEST_ID, new_request_id

log = structlog.get_logger(__name__)

_MAX_LINGERING = 32
_LINGER_S = 1.0
_MAX_HEAD = 65_536
_SAID_EVERY_S = 10.0


def not_understood(status: HTTPStatus) -> Response:
    """The answer to what is not HTTP; it ends the connection.

    h11 gives 501 to transfer codings that it does not know. koe answers no 5xx to what a client does.
    """
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus.BAD_REQUEST
    message = f"This is no request that HTTP/1.1 knows ({status.phrase})"
    detail = ErrorDetail(message, InvalidRequestError.type, None, status.name.lower())
    return envelope(status, detail, {REQUEST_ID: new_request_id(), "connection": "close"})


@define
class Crowd:
    """What happens to connections for which there is no room."""

    max_connections: int
    _lingering: int = 0
    _refused: int = 0
    _replaced: int = 0
    _said_s: float = float("-inf")

    def replaced(self) -> None:
        """An idle connection made room."""
        self._replaced += 1
        self._say()

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer 503, in HTTP/1.1, and close.

        A few are waited for until they have sent their request: closed before, they may lose the answer.
        """
        self._refused += 1
        self._say()
        tls = writer.get_extra_info("ssl_object")
        if tls is None or tls.selected_alpn_protocol() != "h2":
            writer.write(self._answer())
            if self._lingering < _MAX_LINGERING:
                await self._linger(reader)
        writer.close()

    async def _linger(self, reader: asyncio.StreamReader) -> None:
        self._lingering += 1
        try:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(_LINGER_S):
                    await reader.read(_MAX_HEAD)
        finally:
            self._lingering -= 1

    def _answer(self) -> bytes:
        error = OverloadedError(
            f"All {self.max_connections} connections are taken (server.max_connections); try again later"
        )
        response = error_response(error, "")
        identified = (REQUEST_ID.encode(), new_request_id().encode())
        headers = [*response.raw_headers, (b"connection", b"close"), identified]
        lines = [b"HTTP/1.1 503 Service Unavailable", *(b": ".join(pair) for pair in headers), b"", b""]
        return b"\r\n".join(lines) + bytes(response.body)

    def _say(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._said_s >= _SAID_EVERY_S:
            self._said_s = now_s
            log.warning(
                "connections_full",
                limit=self.max_connections,
                idle_ones_closed=self._replaced,
                refused=self._refused,
            )
            self._refused = self._replaced = 0
