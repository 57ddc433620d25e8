"""A client of the streaming WebSocket for tests."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import define, field
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.server.harness import PATIENCE_S

PATH = "/v1/audio/speech/stream"


@define(eq=False)
class Utterance:
    """What came for one utterance: its events, and its audio."""

    events: list[dict[str, Any]] = field(factory=list)
    audio: bytes = b""

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


@define(eq=False)
class StreamClient:
    """Sends messages and takes in what comes, one frame at a time."""

    socket: ClientConnection

    @property
    def response_headers(self) -> Headers:
        """Of the handshake."""
        assert self.socket.response is not None
        return self.socket.response.headers

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def say(self, text: str) -> None:
        """A token at a time, as a language model writes."""
        for token in tokens(text):
            self.send("input.text", text=token)

    def frame(self) -> dict[str, Any] | bytes:
        """The next event, or the next piece of audio."""
        came = self.socket.recv(timeout=PATIENCE_S)
        return came if isinstance(came, bytes) else json.loads(came)

    def event(self) -> dict[str, Any]:
        """The next frame, which must be an event."""
        came = self.frame()
        assert isinstance(came, dict), f"{len(came)} bytes of audio"
        return came

    def audio(self) -> bytes:
        """The next audio; events before it are skipped."""
        while isinstance(came := self.frame(), dict):
            assert came["type"] in {"audio.start", "audio.words"}, came
        return came

    def utterance(self) -> Utterance:
        """Everything up to `audio.done` or an error."""
        found = Utterance()
        while True:
            came = self.frame()
            if isinstance(came, bytes):
                found.audio += came
                continue
            found.events.append(came)
            if came["type"] in {"audio.done", "error"}:
                return found

    def closed(self) -> tuple[int, str]:
        """Close code and reason; nothing but that may come."""
        with pytest.raises(ConnectionClosed) as ended:
            self.frame()
        goodbye = ended.value.rcvd
        assert goodbye is not None, "the connection ended without a goodbye"
        return goodbye.code, goodbye.reason


def tokens(text: str) -> list[str]:
    """Words with the space before them."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


@contextmanager
def session(url: str, **config: Any) -> Iterator[StreamClient]:
    """A session on the server at `url`, configured where `config` says something."""
    with connect(url.replace("http", "ws", 1) + PATH, max_size=None) as socket:
        client = StreamClient(socket)
        if config:
            client.send("session.config", **config)
        yield client


def client_frame(kind: str, **fields: Any) -> bytes:
    """A message of less than 64 KiB as a WebSocket frame."""
    payload = json.dumps({"type": kind, **fields}).encode()
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, 0x80 | len(payload)) + bytes(4) + payload
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(payload)) + bytes(4) + payload


@define
class NarrowClient:
    """A client that takes in only what it is told to, by reading its socket."""

    socket: socket.socket

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.sendall(client_frame(kind, **fields))


@contextmanager
def narrow(url: str) -> Iterator[NarrowClient]:
    """A session on a connection with a small window."""
    place = urlsplit(url)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(PATIENCE_S)
        sock.connect((place.hostname, place.port))
        handshake = (
            f"GET {PATH} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
        )
        sock.sendall(handshake.encode())
        assert sock.recv(12) == b"HTTP/1.1 101"
        yield NarrowClient(sock)
