"""TLS handshakes that never come to their end keep nobody out, and hold few files."""

import socket
import ssl
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from attrs import evolve
from koe.http import handshakes
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin

from tests.server.harness import PATIENCE_S, read_to_end, wait_until
from tests.server.live import live

MOST = 4


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """A client's context, and the settings of the server that it trusts."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    certfile, keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
    server = evolve(FAKE_SETTINGS.server, certfile=certfile, keyfile=keyfile)
    return context, evolve(FAKE_SETTINGS, server=server)


@pytest.fixture
def server(trusting, monkeypatch):
    monkeypatch.setattr(handshakes, "MOST", MOST)
    with live(FakePlugin(), settings=trusting[1]) as running:
        yield running


def connected(server):
    place = urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), PATIENCE_S)


def is_open(sock):
    sock.setblocking(False)
    try:
        return sock.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def healthy(server, context):
    return httpx.get(f"{server.url}/health", verify=context, timeout=PATIENCE_S).status_code == 200


def test_those_who_say_nothing_make_room_for_others(server, trusting):
    with ExitStack() as stack:
        silent = [stack.enter_context(connected(server)) for _ in range(10 * MOST)]
        assert healthy(server, trusting[0])
        wait_until(lambda: sum(map(is_open, silent)) < MOST, "the oldest are closed")
        assert healthy(server, trusting[0])


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""])
def test_what_is_no_handshake_ends_its_connection_alone(server, trusting, said):
    with connected(server) as sock:
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert b"HTTP" not in read_to_end(sock)
    assert healthy(server, trusting[0])


def test_a_client_that_greets_asks_and_leaves_at_once_is_no_error(server, trusting, capfd):
    for _ in range(20):
        with connected(server) as sock:
            secured = trusting[0].wrap_socket(sock, server_hostname="127.0.0.1")
            secured.sendall(b"GET /health HTTP/1.1\r\nhost: koe\r\n\r\n")
            secured.close()
    assert healthy(server, trusting[0])
    said = capfd.readouterr()
    assert "eof_received" not in said.err + said.out
    assert "Traceback" not in said.err + said.out


def test_the_server_stops_while_handshakes_are_under_way(trusting):
    with live(FakePlugin(), settings=trusting[1]) as server, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(server))
        assert healthy(server, trusting[0])
