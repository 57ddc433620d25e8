"""One server process: start, drain, deadline, signals, exit codes, TLS."""

import asyncio
import signal
import socket
import ssl
from pathlib import Path
from typing import Any

import h2.events
import httpx
import pytest
import trustme
from koe.http.serve import serve, serve_async
from koe.http.sockets import bind
from koe.settings import ServerSettings

from tests.server.harness import PATIENCE_S, RawHttp2, ToyServer, read_to_end, read_until, wait_until
from tests.server.toy import FIRST, LAST, Toy

both_versions = pytest.mark.parametrize("version", ["1.1", "2"])


@both_versions
def test_a_running_stream_finishes_during_the_drain_while_readiness_answers_503(version: str) -> None:
    with ToyServer().ready() as server, server.client(version) as client:
        assert server.get("/ready").status_code == 200
        with client.stream("GET", "/held?key=a") as response:
            pieces = response.iter_raw()
            assert next(pieces) == FIRST
            server.signal()
            wait_until(lambda: server.get("/ready").status_code == 503, "readiness turns 503")
            server.get("/release?key=a")
            assert b"".join(pieces) == LAST
        assert server.exit_code() == 0
        assert server.events("toy_stopped")
        assert "Traceback" not in server.logged()


@both_versions
def test_a_stream_at_the_deadline_is_broken_off_visibly(version: str) -> None:
    with ToyServer(drain_timeout_s=0.2).ready() as server, server.client(version) as client:
        with client.stream("GET", "/held?key=a") as response:
            pieces = response.iter_raw()
            assert next(pieces) == FIRST
            server.signal()
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                list(pieces)
        assert server.exit_code() == 0
        [event] = server.events("drain_deadline_passed")
        assert event["broken_off"] == 1
        assert "Traceback" not in server.logged()


def test_an_http_1_0_stream_at_the_deadline_ends_with_a_reset() -> None:
    """There, an orderly end of the connection would mean that the answer is complete."""
    with ToyServer(drain_timeout_s=0.2).ready() as server, server.raw("/held?key=a", "1.0") as sock:
        read_until(sock, FIRST)
        server.signal()
        with pytest.raises(ConnectionResetError):
            read_to_end(sock)
        assert server.exit_code() == 0


def test_what_is_made_but_not_yet_sent_is_waited_for() -> None:
    with ToyServer().ready() as server, RawHttp2(server) as client:
        stream = client.request("/window?key=a")
        wait_until(lambda: server.state("made a"), "everything is made")
        server.signal()
        wait_until(lambda: server.get("/ready").status_code == 503, "readiness turns 503")
        assert server.get("/ready").status_code == 503
        client.grant(stream)
        client.wait_for(h2.events.StreamEnded, stream)
        assert server.exit_code() == 0
        assert not server.events("drain_deadline_passed")


def test_a_reader_that_stalls_does_not_hold_up_the_end() -> None:
    with ToyServer(drain_timeout_s=0.2).ready() as server, server.raw("/flood?key=a", "1.1"):
        wait_until(lambda: server.state("made a"), "the flood begins")
        server.signal()
        assert server.exit_code() == 0
        assert "Traceback" not in server.logged()


def test_a_second_signal_ends_at_once_and_visibly() -> None:
    with (
        ToyServer().ready() as server,
        server.raw("/held?key=a", "1.0") as old,
        server.client("1.1") as client,
    ):
        read_until(old, FIRST)
        with client.stream("GET", "/held?key=b") as response:
            pieces = response.iter_raw()
            assert next(pieces) == FIRST
            server.signal()
            wait_until(lambda: server.events("server_draining"), "the drain begins")
            server.signal(signal.SIGINT)
            assert server.exit_code() == -signal.SIGINT
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                list(pieces)
        with pytest.raises(ConnectionResetError):
            read_to_end(old)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_ends_it_with_exit_code_0(number: signal.Signals) -> None:
    with ToyServer(start="hang") as server:
        wait_until(lambda: server.events("toy_starting"), "the start begins")
        server.signal(number)
        assert server.exit_code() == 0
        assert not server.events("toy_stopped")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("start", "exit_code", "said"),
    [("config", 2, "server.toy is wrong"), ("koe", 1, "the toy model is missing")],
)
def test_a_failed_start_is_said_once_without_a_traceback(
    start: str, exit_code: int, said: str, workers: int
) -> None:
    with ToyServer(start=start, workers=workers) as server:
        assert server.exit_code() == exit_code
        assert server.logged().count(said) == 1
        assert "Traceback" not in server.logged()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_in_the_start_exits_1_with_its_traceback(workers: int) -> None:
    with ToyServer(start="bug", workers=workers) as server:
        assert server.exit_code() == 1
        assert "ZeroDivisionError" in server.logged()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_is_named_with_a_way_out(workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with ToyServer(port=port, workers=workers) as server:
            assert server.exit_code() == 1
            [event] = server.events("server_failed")
            assert f"127.0.0.1:{port}" in event["reason"]
            assert "--port" in event["reason"]
            assert not server.events("toy_starting")


def test_idle_connections_do_not_hold_up_the_end() -> None:
    with ToyServer().ready() as server, server.client("1.1") as one, server.client("2") as two:
        assert one.get("/ready").status_code == two.get("/ready").status_code == 200
        server.signal()
        assert server.exit_code() == 0
        assert not server.events("connections_cut_off")
        assert "Traceback" not in server.logged()


def test_the_real_port_is_logged_and_no_server_header_sent() -> None:
    with ToyServer().ready() as server:
        [event] = server.events("server_ready")
        assert event["url"] == server.url
        assert event["pid"] == server.process.pid
        assert "server" not in server.get("/ready").headers


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return {"certfile": str(tmp_path / "cert.pem"), "keyfile": str(tmp_path / "key.pem")}


@both_versions
@pytest.mark.parametrize("workers", [1, 2])
def test_tls_negotiates_either_version_and_drains(
    version: str, workers: int, authority: trustme.CA, certificate: dict[str, str]
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        ToyServer(workers=workers, **certificate).ready() as server,
        server.client(version, verify=context) as client,
    ):
        assert server.url.startswith("https://")
        response = client.get("/ready")
        assert response.status_code == 200
        assert response.http_version == f"HTTP/{version}"
        server.signal()
        assert server.exit_code() == 0
        assert "Traceback" not in server.logged()


def test_a_tls_stream_at_the_deadline_is_broken_off_visibly(
    authority: trustme.CA, certificate: dict[str, str]
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        ToyServer(drain_timeout_s=0.2, **certificate).ready() as server,
        server.client("1.1", verify=context) as client,
        client.stream("GET", "/held?key=a") as response,
    ):
        pieces = response.iter_raw()
        assert next(pieces) == FIRST
        server.signal()
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            list(pieces)
        assert server.exit_code() == 0


def test_clients_without_a_certificate_are_refused_where_one_is_asked_for(
    authority: trustme.CA, certificate: dict[str, str], tmp_path: Path
) -> None:
    ours = tmp_path / "clients.pem"
    authority.cert_pem.write_to_path(ours)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    known = ssl.create_default_context()
    authority.configure_trust(known)
    authority.issue_cert("somebody@example.org").configure_cert(known)
    with ToyServer(client_ca=str(ours), **certificate).ready() as server:
        with server.client("1.1", verify=known) as client:
            assert client.get("/ready").status_code == 200
        with server.client("1.1", verify=trusting) as client, pytest.raises(httpx.TransportError):
            client.get("/ready")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ciphers": "NOTHING"}, "server.ciphers = 'NOTHING' leaves no cipher"),
        ({"client_ca": __file__}, "holds no PEM certificates"),
        ({"client_ca": "missing-ca.pem"}, "server.client_ca = 'missing-ca.pem' cannot be read"),
    ],
)
def test_what_openssl_does_not_take_is_named(
    wrong: dict[str, str], said: str, certificate: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {**certificate, **wrong}
    assert serve(Toy, ServerSettings(port=0, **options)) == 2
    assert said in "".join(capsys.readouterr())


def test_tls_needs_both_files(certificate: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    settings = ServerSettings(port=0, certfile=certificate["certfile"])
    assert serve(Toy, settings) == 2
    assert "server.keyfile is empty" in "".join(capsys.readouterr())


def test_tls_files_that_cannot_be_read_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(Toy, ServerSettings(port=0, certfile="missing-cert.pem", keyfile="missing-key.pem")) == 2
    said = "".join(capsys.readouterr())
    assert "server.certfile = 'missing-cert.pem' cannot be read: No such file" in said
    assert "server.keyfile = 'missing-key.pem' cannot be read: No such file" in said


def test_a_key_of_another_certificate_is_refused(
    authority: trustme.CA, certificate: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pem"
    authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(other)
    assert serve(Toy, ServerSettings(port=0, certfile=certificate["certfile"], keyfile=str(other))) == 2
    assert "are not a PEM certificate chain and its private key" in "".join(capsys.readouterr())


def test_serve_async_runs_in_a_loop_that_is_there_already() -> None:
    async def session() -> tuple[int, list[str]]:
        settings = ServerSettings(port=0)
        ready, stop, toy = asyncio.Event(), asyncio.Event(), Toy()
        with bind(settings) as listener:
            port = listener.getsockname()[1]
            server = asyncio.create_task(serve_async(toy, settings, listener, ready=ready.set, stop=stop))
            await asyncio.wait_for(ready.wait(), PATIENCE_S)
            async with httpx.AsyncClient() as client:
                status = (await client.get(f"http://127.0.0.1:{port}/ready")).status_code
            stop.set()
            await asyncio.wait_for(server, PATIENCE_S)
            return status, [str(toy.draining)]

    assert asyncio.run(session()) == (200, ["True"])
