"""One client of the soak, and what it expects."""

import base64
import hashlib
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self

from attrs import define, field, frozen
from koe.bench.connection import BrokenAnswerError, Connection, Place, Reply
from koe.bench.timeline import UnreadableAudioError, timeline
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.soak_plan import Ask

PATHS = {"dialogue": "/v1/audio/dialogue"}
SPEECH = "/v1/audio/speech"
SOCKET = "/v1/audio/speech/stream"
REFUSED_S = 1.0


class RefusedError(Exception):
    """There was no room; worth another try after `pause_s`."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__("503")
        self.pause_s = min(REFUSED_S, float(headers.get("retry-after-ms", 1000)) / 1000)


class LostError(Exception):
    """An answer that did not come, or ended early."""


@frozen
class Asked:
    """An answer: its audio or captions as bytes, and what `koe-cache` says."""

    payload: bytes
    cache: str = ""


@frozen
class Complaint:
    kind: Literal["wrong", "short"]
    detail: str


@define
class Known:
    """What the serial run heard."""

    _answers: dict[str, tuple[bytes, float | None]] = field(factory=dict)

    def learn(self, ask: Ask, answer: Asked) -> None:
        self._answers[ask.identity] = (_digest(answer.payload), _seconds(ask, answer.payload))

    def judge(self, ask: Ask, answer: Asked) -> Complaint | None:
        """What is wrong with the answer, if something is."""
        digest, seconds = self._answers[ask.identity]
        if _digest(answer.payload) == digest:
            return None
        try:
            heard = _seconds(ask, answer.payload)
        except UnreadableAudioError as error:
            return Complaint("wrong", f"does not decode: {error}")
        detail = f"{heard} s instead of {seconds}, {len(answer.payload)} bytes"
        return Complaint("wrong" if heard == seconds else "short", detail)


@define(eq=False)
class Client:
    """Asks, and takes whole answers in. Cancelled while it does, it leaves without a goodbye."""

    url: str
    _connection: Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._connection = Connection(Place.of(self.url), tolerant=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def ask(self, ask: Ask) -> Asked:
        """The complete answer. Raises `RefusedError` and `LostError`."""
        if ask.kind == "socket":
            return await self._socket(ask)
        reply = await self._http(ask)
        cache = reply.headers.get("koe-cache", "")
        if ask.kind in {"sse", "ndjson"}:
            return Asked(_audio_of(reply.body), cache)
        return Asked(reply.body, cache)

    async def _http(self, ask: Ask) -> Reply:
        headers = {"content-type": "application/json"}
        path = PATHS.get(ask.kind, SPEECH)
        try:
            reply = await self._connection.ask("POST", path, headers, json.dumps(ask.body).encode())
        except (BrokenAnswerError, OSError) as error:
            raise LostError(f"broke off: {error}") from None
        if reply.status == 503:
            raise RefusedError(reply.headers)
        if reply.status != 200:
            raise LostError(f"{reply.status} {reply.body[:300]!r}")
        return reply

    async def _socket(self, ask: Ask) -> Asked:
        url = self.url.replace("http", "ws", 1) + SOCKET
        try:
            socket = await connect(url, max_size=None, compression=None)
        except InvalidStatus as error:
            if error.response.status_code == 503:
                raise RefusedError(error.response.headers) from None
            raise LostError(str(error)) from None
        except OSError as error:
            raise LostError(f"no connection: {error}") from None
        try:
            answer = await _utterance(socket, ask)
        except ConnectionClosed as error:
            raise LostError(f"the socket closed: {error}") from None
        except BaseException:
            socket.transport.abort()
            raise
        finally:
            await socket.close()
        return answer


async def _utterance(socket: ClientConnection, ask: Ask) -> Asked:
    config = dict(ask.body)
    text = config.pop("input")
    await socket.send(json.dumps({"type": "session.config", **config}))
    for token in _tokens(text):
        await socket.send(json.dumps({"type": "input.text", "text": token}))
    await socket.send(json.dumps({"type": "input.done"}))
    audio, done, cache = bytearray(), False, ""
    async for message in socket:
        if isinstance(message, bytes):
            audio += message
            continue
        event = json.loads(message)
        if event["type"] == "error":
            if event["error"]["code"] == "overloaded":
                raise RefusedError({})
            raise LostError(f"error event {event['error']}")
        if event["type"] == "audio.start":
            cache = event["facts"].get("cache", "")
        done = done or (event["type"] == "audio.done" and not event["cancelled"])
    if not done:
        raise LostError("the session ended without audio.done")
    return Asked(bytes(audio), cache)


def _tokens(text: str) -> list[str]:
    return [f"{word} " for word in text.split(" ")]


def _audio_of(body: bytes) -> bytes:
    lines = body.decode("ascii").splitlines()
    events: list[dict[str, Any]] = [
        json.loads(line.removeprefix("data: ")) for line in lines if line and not line.startswith(":")
    ]
    if not events or not events[-1]["type"].endswith("done"):
        raise LostError(f"the last event is {events[-1]['type'] if events else 'missing'}")
    return b"".join(base64.b64decode(event["audio"]) for event in events if "audio" in event)


def _seconds(ask: Ask, payload: bytes) -> float | None:
    """Of audio; None of captions."""
    return None if ask.kind == "captions" else round(timeline(ask.format, payload).audio_s, 6)


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
