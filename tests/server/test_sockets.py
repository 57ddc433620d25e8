"""The listening socket, and what can be wrong with it."""

import socket

import pytest
from koe.http import sockets
from koe.http.sockets import AddressUnavailableError
from koe.settings import ServerSettings


def test_port_0_takes_a_free_port_that_the_url_names() -> None:
    settings = ServerSettings(port=0)
    with sockets.bind(settings) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert sockets.url(listener, settings) == f"http://127.0.0.1:{port}"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_stands_in_brackets() -> None:
    settings = ServerSettings(host="::1", port=0)
    with sockets.bind(settings) as listener:
        assert sockets.url(listener, settings) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_port_taken_before_the_bind_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnavailableError, match=f"127.0.0.1:{port}: the port is in use"):
            sockets.bind(ServerSettings(port=port))


def test_a_port_taken_between_bind_and_listen_is_the_same_error() -> None:
    with sockets.bind(ServerSettings(port=0)) as first:
        settings = ServerSettings(port=first.getsockname()[1])
        with sockets.bind(settings) as second:
            first.listen()
            with pytest.raises(AddressUnavailableError, match="the port is in use"):
                sockets.listen(second, settings, 10)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "no such address"), ("no-such-host.invalid", "unknown"), ("a..b", "unknown")],
)
def test_a_host_that_is_not_this_machine_is_an_error(host: str, reason: str) -> None:
    with pytest.raises(AddressUnavailableError, match=reason) as caught:
        sockets.bind(ServerSettings(host=host, port=0))
    assert "server.host" in caught.value.message
