"""Compresses JSON, and nothing else."""

import asyncio
import gzip

from attrs import define, field
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON = "application/json"


class CompressJson:
    """Middleware: gzip for whole JSON answers.

    Everything else passes untouched and at once: audio does not shrink, and events that wait in a compressor
    come late.
    """

    def __init__(self, app: ASGIApp, minimum_bytes: int, level: int) -> None:
        self.app = app
        self._minimum_bytes = minimum_bytes
        self._level = level

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "HEAD" and _takes_gzip(Headers(scope=scope)):
            answer = _Answer(send, self._minimum_bytes, self._level)
            await self.app(scope, receive, answer.send)
        else:
            await self.app(scope, receive, send)


@define(eq=False)
class _Answer:
    """One answer. JSON is held back until it is whole; anything else goes out as it comes."""

    _send: Send
    _minimum_bytes: int
    _level: int
    _start: Message | None = field(default=None, init=False)
    _pieces: list[bytes] = field(factory=list, init=False)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_compressible(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = b"".join(self._pieces)
        headers = MutableHeaders(scope=start)
        headers.add_vary_header("accept-encoding")
        if len(body) >= self._minimum_bytes:
            body = await asyncio.to_thread(gzip.compress, body, self._level, mtime=0)
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _is_compressible(start: Message) -> bool:
    headers = Headers(raw=start.get("headers", []))
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == _JSON and "content-encoding" not in headers


def _takes_gzip(headers: Headers) -> bool:
    for one in headers.get("accept-encoding", "").split(","):
        name, _, parameters = one.strip().partition(";")
        if name.strip().lower() == "gzip":
            return parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
