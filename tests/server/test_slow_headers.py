"""Clients that send their headers slowly, or too many of them."""

import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import evolve
from h2.events import StreamEnded
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin

from tests.server.harness import PATIENCE_S, RawHttp2, read_to_end, read_until
from tests.server.live import live

SLOW = 100
TIMEOUT_S = 1.0
BEGIN = b"GET /health HTTP/1.1\r\nhost: koe\r\n"


@contextmanager
def server(**options):
    options = {"header_timeout_s": TIMEOUT_S, **options}
    settings = evolve(FAKE_SETTINGS, server=evolve(FAKE_SETTINGS.server, **options))
    with live(FakePlugin(), settings=settings) as running:
        yield running


def connected(running):
    place = urlsplit(running.url)
    return socket.create_connection((place.hostname, place.port), PATIENCE_S)


def ends_after(sock, began):
    """Seconds after which the server has closed the connection."""
    with suppress(ConnectionResetError):
        read_to_end(sock)
    return time.monotonic() - began


def drip(sock):
    """One more header; False once the connection is closed."""
    try:
        sock.sendall(b"x-slow: 1\r\n")
    except OSError:
        return False
    return True


def test_a_hundred_slow_clients_are_cut_off_while_others_are_served():
    """Slowloris: a header line now and then, and never the last one."""
    with server() as running, ExitStack() as stack:
        slow = [stack.enter_context(connected(running)) for _ in range(SLOW)]
        began = time.monotonic()
        for sock in slow:
            sock.sendall(BEGIN)
        with httpx.Client(base_url=running.url, timeout=PATIENCE_S) as client:
            while time.monotonic() - began < TIMEOUT_S * 0.7:
                assert client.get("/health").status_code == 200
                assert [sock for sock in slow if not drip(sock)] == []
            assert client.get("/health").status_code == 200
            lasted = [ends_after(sock, began) for sock in slow]
            assert client.get("/health").status_code == 200
    assert min(lasted) > TIMEOUT_S * 0.9
    assert max(lasted) < TIMEOUT_S + 5


def test_a_connection_on_which_nothing_ever_comes_is_closed_too():
    with server() as running, connected(running) as sock:
        assert ends_after(sock, time.monotonic()) >= TIMEOUT_S * 0.9


def test_the_second_request_of_a_connection_has_no_more_time_than_the_first():
    with server() as running, connected(running) as sock:
        sock.sendall(BEGIN + b"\r\n")
        assert read_until(sock, b"}").startswith(b"HTTP/1.1 200")
        sock.sendall(BEGIN)
        assert TIMEOUT_S * 0.9 <= ends_after(sock, time.monotonic()) < TIMEOUT_S + 5


def test_a_connection_without_a_request_stays_for_its_keep_alive_time():
    """Longer than headers may take, on HTTP/1.1 and HTTP/2, whatever an idle client sends there."""
    with server(header_timeout_s=0.3) as running, connected(running) as sock, RawHttp2(running) as http2:
        sock.sendall(BEGIN + b"\r\n")
        assert read_until(sock, b"}").startswith(b"HTTP/1.1 200")
        http2.wait_for(StreamEnded, http2.request("/health"))
        http2.connection.increment_flow_control_window(100)
        http2.flush()
        time.sleep(0.9)  # what is to be seen is that nothing happens
        sock.sendall(BEGIN + b"\r\n")
        assert read_until(sock, b"}").startswith(b"HTTP/1.1 200")
        http2.wait_for(StreamEnded, http2.request("/health"))
    with server(header_timeout_s=PATIENCE_S, keep_alive_timeout_s=0.3) as running, connected(running) as sock:
        sock.sendall(BEGIN + b"\r\n")
        began = time.monotonic()
        assert 0.25 <= ends_after(sock, began) < 5


@pytest.mark.parametrize("count", [1, 2000])
def test_headers_beyond_the_limit_are_refused(count):
    with server(max_header_bytes=8192) as running, connected(running) as sock:
        each = 20_000 // count
        try:
            sock.sendall(BEGIN + b"".join(b"x: %s\r\n" % (b"y" * each) for _ in range(count)))
            answer = sock.recv(65536)
        except ConnectionError:
            answer = b"HTTP/1.1 431"  # it had been closed before all was sent
        assert answer.startswith(b"HTTP/1.1 431")
        assert httpx.get(f"{running.url}/health").status_code == 200


def test_http2_headers_beyond_its_limit_end_the_connection_and_no_other():
    with server() as running:
        with httpx.Client(base_url=running.url, http1=False, http2=True) as client:
            with pytest.raises(httpx.TransportError):
                client.get("/health", headers={f"x-{number}": "y" * 4000 for number in range(40)})
        assert httpx.get(f"{running.url}/health").status_code == 200
