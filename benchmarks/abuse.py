"""What hostile clients cost a server, and those who are served meanwhile.

`python -m benchmarks.abuse` starts `koe serve` with the embedded voice, attacks it in every way of `ATTACKS`,
one after the other, and prints a JSON object for each: the server's memory and open files before, at most and
after, what became of the attackers, and how long others waited for `/health` and for a short speech.
"""

import argparse
import json
import socket
import statistics
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import h2.connection
import h2.errors
import h2.settings
import httpx
from attrs import define, field, frozen

from benchmarks.servers import EMBEDDED, Server, serving

PATIENCE_S = 60.0
SETTINGS = {
    **EMBEDDED,
    "server.header_timeout_s": 3.0,
    "limits.body_timeout_s": 5.0,
    "http.stream_stall_timeout_s": 5.0,
}
GIGABYTE = 1_000_000_000
BEGIN = b"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ncontent-type: application/json\r\n"
TEXT = "The quick brown fox jumps over the lazy dog, again and again. " * 60
UPGRADE = (
    b"GET /v1/audio/speech/stream HTTP/1.1\r\nhost: koe\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n"
)


@frozen
class Attack:
    """A server under attack, and how hard it is attacked."""

    address: tuple[str, int]
    clients: int
    seconds: float
    outcome: Counter[str] = field(factory=Counter)

    def connected(self, stack: ExitStack, window: int = 65_536) -> socket.socket:
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.settimeout(PATIENCE_S)
        sock.connect(self.address)
        return sock

    def many(self, stack: ExitStack) -> list[socket.socket]:
        return [self.connected(stack) for _ in range(self.clients)]


def idle(attack: Attack) -> None:
    """Connections on which nothing ever comes."""
    with ExitStack() as stack:
        _drip(attack, attack.many(stack), b"", b"")


def slow_headers(attack: Attack) -> None:
    """Slowloris: a header line now and then, and never the last one."""
    with ExitStack() as stack:
        _drip(attack, attack.many(stack), b"GET /health HTTP/1.1\r\nhost: koe\r\n", b"x-slow: 1\r\n")


def slow_bodies(attack: Attack) -> None:
    """A byte of the body now and then."""
    with ExitStack() as stack:
        _drip(attack, attack.many(stack), BEGIN + b"content-length: 1000000\r\n\r\n{", b" ")


def stalled_streams(attack: Attack) -> None:
    """HTTP/1.1 clients that ask for long audio and read none of it."""
    body = json.dumps({"input": TEXT, "response_format": "pcm"}).encode()
    with ExitStack() as stack:
        socks = [attack.connected(stack, 4096) for _ in range(min(attack.clients, 50))]
        _drip(attack, socks, BEGIN + b"content-length: %d\r\n\r\n" % len(body) + body, b"")


def stalled_http2(attack: Attack) -> None:
    """HTTP/2 clients that open a hundred streams each and let nothing through."""
    with ExitStack() as stack:
        socks = [attack.connected(stack) for _ in range(min(attack.clients, 20))]
        for sock in socks:
            connection = _http2(sock, window=0)
            for _ in range(100):
                _asks(connection, "GET", "/v1/audio/voices")
            _send(attack, sock, connection.data_to_send())
        _drip(attack, socks, b"", b"")


def http2_floods(attack: Attack) -> None:
    """Pings, settings and streams that are reset at once, without a break."""
    with ExitStack() as stack:
        for number in range(min(attack.clients, 60)):
            sock = attack.connected(stack)
            connection = _http2(sock)
            for _ in range(5000):
                _flood(connection, number % 3)
            _send(attack, sock, connection.data_to_send())
            _count_end(attack, sock)


def huge_bodies(attack: Attack) -> None:
    """A gigabyte, announced and in chunks."""
    announced, in_chunks = b"content-length: %d\r\n\r\n" % GIGABYTE, b"transfer-encoding: chunked\r\n\r\n"
    for framing in (announced, in_chunks) * 20:
        chunked, piece = b"chunked" in framing, b" " * 1_000_000
        piece = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        with ExitStack() as stack:
            sock = attack.connected(stack)
            sock.sendall(BEGIN + framing)
            taken = 0
            with suppress(OSError):
                while taken < GIGABYTE:
                    sock.sendall(piece)
                    taken += len(piece)
            said = "most MB sent, " + ("in chunks" if chunked else "announced")
            attack.outcome[said] = max(attack.outcome[said], taken // 1_000_000)
            _count_end(attack, sock)


def header_floods(attack: Attack) -> None:
    """Many small headers, and one that is huge."""
    for flood in (b"x: y\r\n" * 1_000_000, b"x: " + b"y" * 10_000_000):
        for _ in range(20):
            with ExitStack() as stack:
                sock = attack.connected(stack)
                _send(attack, sock, b"GET /health HTTP/1.1\r\nhost: koe\r\n" + flood)
                _count_end(attack, sock)


def deaf_websockets(attack: Attack) -> None:
    """WebSockets that have a book read to them and take nothing of it."""
    text = json.dumps({"type": "input.text", "text": TEXT}).encode()
    with ExitStack() as stack:
        socks = [attack.connected(stack, 4096) for _ in range(min(attack.clients, 100))]
        for sock in socks:
            sock.sendall(UPGRADE)
            assert sock.recv(12) == b"HTTP/1.1 101"
        _drip(attack, socks, b"\x81\xfe" + struct.pack(">H", len(text)) + b"\0\0\0\0" + text, b"")


ATTACKS: tuple[Callable[[Attack], None], ...] = (
    *(idle, slow_headers, slow_bodies, stalled_streams, stalled_http2),
    *(http2_floods, huge_bodies, header_floods, deaf_websockets),
)


def _drip(attack: Attack, socks: list[socket.socket], first: bytes, then: bytes) -> None:
    """Send `first`, and `then` every half second; count how many the server has closed in the end."""
    for sock in socks:
        _send(attack, sock, first)
    began = time.monotonic()
    while time.monotonic() - began < attack.seconds:
        for sock in socks:
            with suppress(OSError):
                sock.sendall(then)
        time.sleep(0.5)
    for sock in socks:
        sock.setblocking(False)
        _count_end(attack, sock)


def _send(attack: Attack, sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except OSError:
        attack.outcome["cut off while sending"] += 1


def _count_end(attack: Attack, sock: socket.socket) -> None:
    """Note the status that the server answered, and whether the connection has ended."""
    received = b""
    try:
        while piece := sock.recv(65_536):
            received = received or piece
        end = "closed"
    except BlockingIOError:
        end = "still open"
    except OSError:
        end = "reset"
    status = received[9:12].decode() if received.startswith(b"HTTP/1.1 ") else ""
    attack.outcome[f"{end} {status}".strip()] += 1


def _http2(sock: socket.socket, window: int = 65_535) -> h2.connection.H2Connection:
    connection = h2.connection.H2Connection()
    connection.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = window
    connection.local_settings.acknowledge()
    connection.initiate_connection()
    sock.sendall(connection.data_to_send())
    return connection


def _asks(connection: h2.connection.H2Connection, method: str, path: str) -> int:
    stream = connection.get_next_available_stream_id()
    place = {":method": method, ":path": path, ":scheme": "http", ":authority": "koe"}
    connection.send_headers(stream, list(place.items()), end_stream=True)
    return stream


def _flood(connection: h2.connection.H2Connection, kind: int) -> None:
    if kind == 0:
        connection.ping(b"12345678")
    elif kind == 1:
        connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65_535})
    else:
        connection.reset_stream(_asks(connection, "GET", "/health"), h2.errors.ErrorCodes.CANCEL)


@define
class Watch:
    """What the server needs, and what others get from it, while the block runs."""

    server: Server
    rss: list[int] = field(factory=list)
    files: list[int] = field(factory=list)
    waits_s: dict[str, list[float]] = field(factory=lambda: {"health": [], "speech": []})
    failed: Counter[str] = field(factory=Counter)

    @contextmanager
    def watching(self) -> Iterator[None]:
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=(stop,)) for work in (self._sample, self._ask)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _sample(self, stop: threading.Event) -> None:
        while not stop.wait(0.05):
            self.rss.append(self.server.process.memory_info().rss)
            self.files.append(self.server.process.num_fds())

    def _ask(self, stop: threading.Event) -> None:
        speech = {"input": "Hello there.", "response_format": "pcm"}
        while not stop.wait(0.1):
            self._timed("health", "GET", "/health")
            self._timed("speech", "POST", "/v1/audio/speech", json=speech)

    def _timed(self, name: str, method: str, path: str, **options: Any) -> None:
        began = time.monotonic()
        try:
            status = httpx.request(method, self.server.url + path, timeout=PATIENCE_S, **options).status_code
        except httpx.TransportError as error:
            self.failed[f"{name} {type(error).__name__}"] += 1
            return
        if status == httpx.codes.OK:
            self.waits_s[name].append(time.monotonic() - began)
        else:
            self.failed[f"{name} {status}"] += 1


def measured(
    server: Server, attack: Callable[[Attack], None], clients: int, seconds: float
) -> dict[str, Any]:
    """One attack, and what it came to."""
    place = urlsplit(server.url)
    under = Attack((place.hostname or "", place.port or 0), clients, seconds)
    before = (server.process.memory_info().rss, server.process.num_fds())
    watch = Watch(server)
    with watch.watching():
        attack(under)
    time.sleep(1.5)  # what is left then was not given back at once
    return {
        "attack": attack.__name__,
        "rss_mb": [_mb(before[0]), _mb(max(watch.rss)), _mb(server.process.memory_info().rss)],
        "files": [before[1], max(watch.files), server.process.num_fds()],
        "attackers": dict(under.outcome),
        "others": {
            name: {"answered": len(waits), "median_ms": _ms(waits, 0.5), "worst_ms": _ms(waits, 1.0)}
            for name, waits in watch.waits_s.items()
        },
        "others_failed": dict(watch.failed),
    }


def _mb(count: int) -> float:
    return round(count / 1e6, 1)


def _ms(waits_s: list[float], share: float) -> float | None:
    if not waits_s:
        return None
    return round(1000 * (statistics.median(waits_s) if share < 1 else max(waits_s)), 1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=500, help="connections, where one attacker has one")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long attackers hold on")
    parser.add_argument("--only", nargs="*", default=[one.__name__ for one in ATTACKS])
    given = parser.parse_args()
    with serving(SETTINGS) as server:
        httpx.post(f"{server.url}/v1/audio/speech", json={"input": "Hello there.", "response_format": "pcm"})
        for attack in ATTACKS:
            if attack.__name__ in given.only:
                print(json.dumps(measured(server, attack, given.clients, given.seconds)), flush=True)
        tracebacks = server.logged().count("Traceback")
    print(json.dumps({"tracebacks_in_the_log": tracebacks}))
    return 0 if not tracebacks else 1


if __name__ == "__main__":
    sys.exit(main())
