"""A server whose answers come exactly as planned, piece by piece."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import define, field, frozen

from tests.server.harness import PATIENCE_S


@frozen
class Piece:
    """Bytes of a body that leave after `after_s` seconds more."""

    data: bytes
    after_s: float = 0.0


@frozen
class Planted:
    """One answer. With `length`, it claims to be that long; one that `closes` is only that."""

    pieces: Sequence[Piece] = ()
    status: int = 200
    headers: Mapping[str, str] = field(factory=lambda: {"content-type": "audio/pcm"})
    length: int | None = None
    closes: bool = False


def refusal(status: int, message: str = "no", **headers: str) -> Planted:
    body = json.dumps({"error": {"message": message}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Planted([Piece(body)], status, {"content-type": "application/json", **named})


@define(eq=False)
class PlantedServer:
    """Answers requests for speech with what `answer` gives for their body, others with `others`."""

    answer: Callable[[dict[str, Any]], Planted]
    others: Planted
    bodies: list[dict[str, Any]] = field(factory=list)
    keys: set[str] = field(factory=set)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answered(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answered(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.keys.add(headers.get("authorization", ""))
        planted = self.others
        if lines[0].startswith("POST /v1/audio/speech "):
            self.bodies.append(json.loads(body))
            planted = self.answer(self.bodies[-1])
        if planted.closes:
            raise ConnectionError
        told = "".join(f"{name}: {value}\r\n" for name, value in planted.headers.items())
        length = f"content-length: {planted.length}" if planted.length else "transfer-encoding: chunked"
        writer.write(f"HTTP/1.1 {planted.status} x\r\n{told}{length}\r\n\r\n".encode())
        for piece in planted.pieces:
            await asyncio.sleep(piece.after_s)
            writer.write(piece.data if planted.length else b"%x\r\n%s\r\n" % (len(piece.data), piece.data))
            await writer.drain()
        if planted.length and planted.length > sum(len(piece.data) for piece in planted.pieces):
            raise ConnectionError
        if not planted.length:
            writer.write(b"0\r\n\r\n")


@contextmanager
def planted(
    answer: Callable[[dict[str, Any]], Planted], capabilities: bytes | None = None
) -> Iterator[PlantedServer]:
    """A server in a thread. Without `capabilities`, it answers nothing but requests for speech."""
    others = refusal(404) if capabilities is None else Planted([Piece(capabilities)])
    server, ready, loop = PlantedServer(answer, others), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        listening = await asyncio.start_server(server.connected, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
        loop.close()
