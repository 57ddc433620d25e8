"""A service whose answers wait for permission, served by the real `run_server`: the process under test.

`python -m tests.server.toy '{"workers": 2, …}'`; keys: the fields of `ServerSettings`, and `start`: `config`,
`koe` or `bug` (fail with such an error), `hang` (never become ready), `crash-after:PATH` (fail once PATH
exists).
"""

import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import parse_qsl

import structlog
from koe.errors import ConfigError, KoeError
from koe.http.responses import AudioResponse, ClientGoneError, run_until_disconnect
from koe.http.supervisor import run_server
from koe.logs import configure_logging
from koe.settings import LogSettings, ServerSettings
from starlette.types import Receive, Scope, Send

PIECE = b"x" * 65536
LARGE = 128
FIRST, LAST = b"first", b"last"

log = structlog.get_logger()


class Toy:
    """`/held?key=k` and `/whole?key=k` wait until `/release?key=k`; `/state` tells what was seen."""

    def __init__(self, start: str = "") -> None:
        self.start_mode = start
        self.app = self._app
        self.draining = False
        self.running = 0
        self.gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.seen: Counter[str] = Counter()

    async def start(self) -> None:
        log.info("toy_starting")
        mode, _, path = self.start_mode.partition(":")
        if mode == "config":
            raise ConfigError(["server.toy is wrong"])
        if mode == "koe" or (mode == "crash-after" and os.access(path, os.F_OK)):
            raise KoeError("the toy model is missing")
        if mode == "bug":
            raise ZeroDivisionError
        if mode == "hang":
            await asyncio.Event().wait()

    def begin_drain(self) -> None:
        self.draining = True

    async def drained(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                while self.running:
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return False
        return True

    def crowded(self) -> bool:
        return False

    async def stop(self) -> None:
        log.info("toy_stopped")

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        if scope["path"] == "/early":
            await _answer(send, 413, {})
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        while (await receive()).get("more_body", False):
            pass
        await getattr(self, "_" + scope["path"].strip("/"))(query.get("key", ""), scope, receive, send)

    async def _ready(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(send, 503 if self.draining else 200, {"pid": os.getpid()})

    async def _state(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(send, 200, dict(self.seen))

    async def _release(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.gates[key].set()
        await _answer(send, 200, {})

    async def _bug(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def _short(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async def _held(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(self._held_pieces(key), scope, receive, send)

    async def _window(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(self._window_pieces(key), scope, receive, send)

    async def _large(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(self._large_pieces(), scope, receive, send)

    async def _broken(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(self._broken_pieces(key), scope, receive, send)

    async def _flood(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(self._flood_pieces(key), scope, receive, send)

    async def _whole(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen[f"started {key}"] += 1
        try:
            await run_until_disconnect(receive, self.gates[key].wait())
        except ClientGoneError:
            self.seen[f"closed {key}"] += 1
            return
        await _answer(send, 200, {})

    async def _stream(
        self, pieces: AsyncGenerator[bytes, None], scope: Scope, receive: Receive, send: Send
    ) -> None:
        counted = self._counted(pieces)
        first = await anext(counted)
        await AudioResponse(first, counted, media_type="audio/toy")(scope, receive, send)

    async def _counted(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """As in the real service, what counts as running ends before the last byte is sent."""
        self.running += 1
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            self.running -= 1

    async def _held_pieces(self, key: str) -> AsyncGenerator[bytes, None]:
        try:
            yield FIRST
            await self.gates[key].wait()
            yield LAST
        finally:
            self.seen[f"closed {key}"] += 1

    async def _window_pieces(self, key: str) -> AsyncGenerator[bytes, None]:
        """One byte more than an HTTP/2 client lets through unasked."""
        yield PIECE
        self.seen[f"made {key}"] += 1

    async def _large_pieces(self) -> AsyncGenerator[bytes, None]:
        for _ in range(LARGE):
            yield PIECE

    async def _broken_pieces(self, key: str) -> AsyncGenerator[bytes, None]:
        yield FIRST
        await self.gates[key].wait()
        raise KoeError("the third segment failed")

    async def _flood_pieces(self, key: str) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                self.seen[f"made {key}"] += 1
                yield PIECE
                await asyncio.sleep(0)
        finally:
            self.seen[f"closed {key}"] += 1


async def _answer(send: Send, status: int, content: object) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> int:
    options = json.loads(sys.argv[1])
    configure_logging(LogSettings(level="debug", format="json"))
    start = options.pop("start", "")
    return run_server(lambda: Toy(start), ServerSettings(**{"port": 0, **options}))


if __name__ == "__main__":
    sys.exit(main())
