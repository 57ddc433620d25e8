"""What a client that closes its connection leaves behind: nothing."""

import socket
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin

from tests.server.harness import PATIENCE_S, RawHttp2, read_until
from tests.server.live import live

GET = b"GET /health/live HTTP/1.1\r\nhost: koe\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    patient = evolve(FAKE_SETTINGS.server, header_timeout_s=600.0, keep_alive_timeout_s=600.0)
    with live(FakePlugin(), settings=evolve(FAKE_SETTINGS, server=patient)) as running:
        yield running


def _connected(server):
    place = urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), PATIENCE_S)


@pytest.mark.parametrize("requests", [0, 1, 2])
def test_the_server_closes_at_once_and_does_not_wait_for_the_next_request(server, requests):
    with _connected(server) as sock:
        for _ in range(requests):
            sock.sendall(GET)
            assert read_until(sock, b"}").startswith(b"HTTP/1.1 200")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""


def test_that_holds_for_http2(server):
    with RawHttp2(server) as client:
        client.request("/health/live")
        client.socket.shutdown(socket.SHUT_WR)
        while client.socket.recv(65536):
            pass
