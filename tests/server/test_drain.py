"""SIGTERM while twenty streams are live, and a port that never stops answering."""

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import h2.events
import httpx
import psutil
import pytest

from tests.server.harness import PATIENCE_S, RawHttp2, ToyServer, read_to_end, read_until, wait_until
from tests.server.live import KoeServer
from tests.server.toy import FIRST, LAST

STREAMS = 20
END = b"0\r\n\r\n"
WORDS = "The quick brown fox jumps over the lazy dog, again and again. " * 3

both_modes = pytest.mark.parametrize("workers", [1, 2])


def opened(stack, server, request):
    """A socket on which a request has been sent."""
    place = urlsplit(server.url)
    sock = stack.enter_context(socket.socket())
    sock.settimeout(PATIENCE_S)
    sock.connect((place.hostname, place.port))
    sock.sendall(request)
    return sock


def held(stack, server):
    sock = opened(stack, server, b"GET /held?key=a HTTP/1.1\r\nhost: toy\r\n\r\n")
    read_until(sock, FIRST + b"\r\n")
    return sock


def speaking(stack, server):
    """An HTTP/2 client that lets the first 64 KiB of an answer through: most of it stays with the server."""
    client = stack.enter_context(RawHttp2(server))
    stream = client.request("/v1/audio/speech", "POST", end=False)
    body = json.dumps({"input": WORDS, "response_format": "pcm"}).encode()
    client.connection.send_data(stream, body, end_stream=True)
    client.flush()
    client.wait_for(h2.events.DataReceived, stream)
    return client


def spoken(client):
    """The bytes of the answer, once all of it has been let through."""
    client.connection.increment_flow_control_window(2**30)
    client.connection.increment_flow_control_window(2**30, 1)
    client.flush()
    client.wait_for(h2.events.StreamEnded, 1)
    return sum(len(one.data) for one in client.seen if isinstance(one, h2.events.DataReceived))


def signalled(server, ready):
    """SIGTERM, and readiness says so."""
    server.signal()
    wait_until(lambda: server.get(ready).status_code == 503, "readiness turns 503")
    assert [server.get(ready).status_code for _ in range(5)] == [503] * 5


def rest_of(sock):
    try:
        return read_to_end(sock)
    except ConnectionResetError:
        return b""


@both_modes
def test_all_of_them_complete(workers):
    with ToyServer(workers=workers).ready() as server, ExitStack() as stack:
        streams = [held(stack, server) for _ in range(STREAMS)]
        signalled(server, "/ready")
        released = threading.Thread(target=_release_until_it_ends, args=(server,))
        released.start()
        ends = [read_to_end(sock) for sock in streams]
        released.join(PATIENCE_S)
        assert [LAST + b"\r\n" + END in end for end in ends] == [True] * STREAMS
        assert server.exit_code() == 0
        assert not server.events("drain_deadline_passed")


def _release_until_it_ends(server):
    """Each worker has gates of its own, and any of them may take the request."""
    with suppress(httpx.TransportError):
        while True:
            httpx.get(f"{server.url}/release?key=a", timeout=PATIENCE_S)


@both_modes
def test_those_that_are_left_at_the_deadline_are_broken_off_visibly(workers):
    with ToyServer(workers=workers, drain_timeout_s=1.0).ready() as server, ExitStack() as stack:
        streams = [held(stack, server) for _ in range(STREAMS)]
        signalled(server, "/ready")
        ends = [rest_of(sock) for sock in streams]
        assert [end for end in ends if end.endswith(END)] == []
        assert server.exit_code() == 0
        assert sum(event["broken_off"] for event in server.events("drain_deadline_passed")) == STREAMS
        assert "Traceback" not in server.logged()


def test_speech_is_spoken_to_its_end_by_two_workers():
    """The real service: as long as without a signal, to the byte."""
    places, patience = f"limits.max_concurrent={STREAMS}", f"server.drain_timeout_s={4 * PATIENCE_S}"
    options = ("--config", "config/minimal.toml", "--workers", "2", "--set", places, "--set", patience)
    with KoeServer(*options).ready() as server, ExitStack() as stack, ThreadPoolExecutor(STREAMS) as readers:
        body = {"input": WORDS, "response_format": "pcm"}
        whole = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S).content
        streams = [speaking(stack, server) for _ in range(STREAMS)]
        signalled(server, "/health/ready")
        assert len(server.events("server_draining")) == 2
        assert list(readers.map(spoken, streams)) == [len(whole)] * STREAMS
        assert server.exit_code() == 0
        assert not server.events("drain_deadline_passed")


def test_every_probe_is_answered_while_workers_are_killed_one_after_the_other():
    with ToyServer(workers=2).ready() as server, _Probes(server) as probes:
        [ready] = server.events("server_ready")[-1:]
        pids = ready["workers"]
        for killed, pid in enumerate(pids, start=1):
            os.kill(pid, signal.SIGKILL)
            _wait_for_replacements(server, killed)
            probes.some_more()
        assert probes.unanswered == []
        assert probes.answered > 20
        server.signal()
        assert server.exit_code() == 0


def _wait_for_replacements(server, count):
    wait_until(lambda: len(server.events("worker_replaced")) == count, "it is replaced")


class _Probes:
    """New connections without a break. What counts is that each is accepted and answered.

    A killed worker takes along the connections that it has accepted; such a one is tried again, once.
    """

    def __init__(self, server):
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answered = 0
        self.unanswered = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def some_more(self):
        wanted = self.answered + 10
        wait_until(lambda: self.answered >= wanted or self.unanswered, "more probes are answered")

    def _run(self):
        while not self._stop.is_set():
            try:
                try:
                    status = self._server.get("/ready").status_code
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    status = self._server.get("/ready").status_code
            except httpx.TransportError as error:
                if not self._stop.is_set():
                    self.unanswered.append(repr(error))
                continue
            if status == 200:
                self.answered += 1
            else:
                self.unanswered.append(str(status))


@pytest.mark.parametrize("after_s", [0.05, 0.3, 0.8])
def test_a_supervisor_that_is_killed_while_it_starts_leaves_no_process(after_s):
    with ToyServer(workers=2) as server:
        time.sleep(after_s)  # at any time: there is nothing to wait for
        before = psutil.Process(server.process.pid).children(recursive=True)
        server.signal(signal.SIGKILL)
        server.exit_code()
        wait_until(lambda: not any(map(_runs, before)), "its workers are gone")


def _runs(process):
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
