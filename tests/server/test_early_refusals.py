"""Requests that are refused before their bodies have come."""

import socket
from urllib.parse import urlsplit

import pytest
from koe.errors import ForbiddenError
from koe.hooks import Plugin, hookimpl
from koe.testing.fakes import FakePlugin
from starlette.middleware import Middleware

from tests.server.harness import PATIENCE_S, read_until
from tests.server.live import live

HEAD = b"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ncontent-type: application/json\r\n"


class Refusing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        raise ForbiddenError("not for you")


class RefusingPlugin(Plugin):
    @hookimpl
    def register_middleware(self):
        return [Middleware(Refusing)]


@pytest.fixture(scope="module")
def server():
    with live(FakePlugin(), RefusingPlugin()) as running:
        yield running


@pytest.fixture
def sock(server):
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), PATIENCE_S) as sock:
        yield sock


def test_a_small_body_that_comes_late_leaves_the_connection_usable(sock):
    for _ in range(3):
        sock.sendall(HEAD + b"content-length: 5\r\n\r\n")
        sock.sendall(b"he")
        sock.sendall(b"llo")
        answer = read_until(sock, b"}}")
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"connection: close" not in answer.lower()


@pytest.mark.parametrize("body", [b"", b"x" * 70_000], ids=["never comes", "is large"])
def test_a_body_that_is_not_waited_for_ends_the_connection_and_says_so(sock, body):
    sock.sendall(HEAD + b"content-length: 500000\r\n\r\n" + body)
    answer = read_until(sock, b"}}")
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in answer.lower()
