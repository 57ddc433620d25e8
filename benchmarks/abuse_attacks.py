"""Ways in which clients are hostile to a server: what `benchmarks.abuse` measures."""

import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress

import h2.connection
import h2.errors
import h2.settings
from attrs import field, frozen

PATIENCE_S = 60.0
GIGABYTE = 1_000_000_000
BEGIN = b"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ncontent-type: application/json\r\n"
TEXT = "The quick brown fox jumps over the lazy dog, again and again. " * 60
UPGRADE = (
    b"GET /v1/audio/speech/stream HTTP/1.1\r\nhost: koe\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n"
)


@frozen
class Attack:
    """A server under attack, and how hard it is attacked.

    Attributes:
        seconds: for which attackers hold on, and longer until `noticed`.
        noticed: whether others have asked for something meanwhile.
    """

    address: tuple[str, int]
    clients: int
    seconds: float
    noticed: Callable[[], bool]
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


def stalled_http2_speech(attack: Attack) -> None:
    """HTTP/2 clients that ask for speech on up to twenty streams each and let nothing through."""
    body = json.dumps({"input": TEXT[:600], "response_format": "pcm"}).encode()
    with ExitStack() as stack:
        socks = [attack.connected(stack) for _ in range(min(attack.clients, 20))]
        for sock in socks:
            connection = _http2(sock, window=0)
            for _ in range(max(1, min(attack.clients, 400) // 20)):
                connection.send_data(_asks(connection, "POST", "/v1/audio/speech"), body, end_stream=True)
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
    stalled_http2_speech,
    *(http2_floods, huge_bodies, header_floods, deaf_websockets),
)


def _drip(attack: Attack, socks: list[socket.socket], first: bytes, then: bytes) -> None:
    """Send `first`, and `then` every half second; count how many the server has closed in the end."""
    for sock in socks:
        _send(attack, sock, first)
    began = time.monotonic()
    while time.monotonic() - began < attack.seconds or not attack.noticed():
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
    except (BlockingIOError, TimeoutError):
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
    kind = {"content-type": "application/json"} if method == "POST" else {}
    connection.send_headers(stream, list((place | kind).items()), end_stream=not kind)
    return stream


def _flood(connection: h2.connection.H2Connection, kind: int) -> None:
    if kind == 0:
        connection.ping(b"12345678")
    elif kind == 1:
        connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65_535})
    else:
        connection.reset_stream(_asks(connection, "GET", "/health"), h2.errors.ErrorCodes.CANCEL)
