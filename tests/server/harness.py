"""Runs the toy service as a process, and talks to it."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import h2.connection
import h2.events
import h2.settings
import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0

E = TypeVar("E", bound=h2.events.Event)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until `condition()` is true, and return what it returned."""
    deadline = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain until {what}"
        time.sleep(0.01)
    return result


class ToyServer:
    """`tests.server.toy` in a process (or several) of its own."""

    def __init__(self, **options: Any) -> None:
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.toy", json.dumps(options)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def ready(self) -> Self:
        """Wait until the server has said where it listens."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline().decode() if readable else ""
        match = re.fullmatch(r"koe listens on (\S+)\n", line)
        assert match, f"the server said {line!r} and logged:\n{self.logged()}"
        self.url = match[1]
        return self

    def logged(self) -> str:
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="ignore")  # may end within a character

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self.logged().splitlines() if line.startswith("{"))
        return [line for line in lines if line["event"] == name]

    def get(self, path: str) -> httpx.Response:
        """A request on a connection of its own."""
        return httpx.get(self.url + path, timeout=PATIENCE_S)

    def state(self, name: str) -> int:
        return int(self.get("/state").json().get(name, 0))

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE_S)

    def client(self, version: str, **options: Any) -> httpx.Client:
        """A client that speaks HTTP `version` ("1.1" or "2") only."""
        return httpx.Client(
            base_url=self.url, http1=version == "1.1", http2=version == "2", timeout=PATIENCE_S, **options
        )

    @contextmanager
    def raw(self, path: str, version: str) -> Iterator[socket.socket]:
        """A socket on which a request has been sent, with a small window."""
        place = urlsplit(self.url)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            sock.settimeout(PATIENCE_S)
            sock.connect((place.hostname, place.port))
            sock.sendall(f"GET {path} HTTP/{version}\r\nhost: toy\r\n\r\n".encode())
            yield sock


class Served(Protocol):
    """A server that answers at `url`."""

    @property
    def url(self) -> str: ...


class RawHttp2:
    """An HTTP/2 client that grants no window beyond the first 65535 bytes, or none at all."""

    def __init__(self, server: Served, window: int = 65535) -> None:
        place = urlsplit(server.url)
        self.authority = place.netloc
        self.socket = socket.create_connection((place.hostname, place.port), PATIENCE_S)
        self.connection = h2.connection.H2Connection()
        self.connection.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = window
        self.connection.local_settings.acknowledge()
        self.connection.initiate_connection()
        self.seen: list[h2.events.Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def request(self, path: str, method: str = "GET", *, end: bool = True) -> int:
        stream_id = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream_id, self._head(path, method), end_stream=end)
        self.flush()
        return stream_id

    def _head(self, path: str, method: str) -> list[tuple[str, str]]:
        place = {":authority": self.authority, ":scheme": "http", ":method": method, ":path": path}
        return list(place.items())

    def post(self, path: str, pieces: list[bytes]) -> int:
        """A request whose body comes in these pieces, all of it at once."""
        stream_id = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream_id, self._head(path, "POST"))
        for piece in pieces:
            self.connection.send_data(stream_id, piece)
        self.connection.end_stream(stream_id)
        self.flush()
        return stream_id

    def reset(self, stream_id: int) -> None:
        self.connection.reset_stream(stream_id)
        self.flush()

    def grant(self, stream_id: int) -> None:
        self.connection.increment_flow_control_window(65536)
        self.connection.increment_flow_control_window(65536, stream_id)
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.connection.data_to_send())

    def wait_for(self, kind: type[E], stream_id: int) -> E:
        """Read until an event of this kind has come for the stream."""
        while True:
            for event in self.seen:
                if isinstance(event, kind) and getattr(event, "stream_id", None) == stream_id:
                    return event
            data = self.socket.recv(65536)
            assert data, f"the connection ended after {self.seen[-3:]}"
            self.seen += self.connection.receive_data(data)
            with suppress(ConnectionError):  # the server may have said everything and closed
                self.flush()


def read_until(sock: socket.socket, end: bytes, at_once: int = 65536) -> bytes:
    data = b""
    while not data.endswith(end):
        piece = sock.recv(at_once)
        assert piece, f"the connection ended after {data[-200:]!r}"
        data += piece
    return data


def read_to_end(sock: socket.socket) -> bytes:
    """What comes until the server closes; raises `ConnectionResetError` where it does so rudely."""
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data
