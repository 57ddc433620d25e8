"""Several processes: a scrape of any of them tells of all, and of what dead ones counted."""

import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.plugins.metrics.scrape import scraped, total
from tests.server.harness import wait_until
from tests.server.live import KoeServer

SETTINGS = ("--enable", "metrics", "--disable", "kokoro", "--set", "plugins.metrics.sample_s=0.1")


@pytest.fixture
def server():
    with KoeServer("--workers", "2", *SETTINGS) as server:
        yield server.ready()


@contextmanager
def stopped(pid):
    """The other process gets all connections meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def workers(server):
    [ready] = [event for event in server.events("server_ready") if "workers" in event]
    return ready["workers"]


def speak(server, times, mark):
    for number in range(times):
        answer = httpx.post(
            f"{server.url}/v1/audio/speech",
            json={"input": f"Hello {mark} {number}.", "response_format": "wav"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text


def settled(server, name, count, **labels):
    """What the workers have counted reaches every scrape at once; gauges take `sample_s`.

    A request is counted just after its answer has gone out: a worker that is stopped at once counts it later.
    """
    return wait_until(
        lambda: (found := scraped(server.url)) and total(found, name, **labels) == count and found,
        f"{name} is {count}: {scraped(server.url).get(name)}",
    )


def test_two_workers_add_up_and_one_that_is_killed_leaves_its_counts(server):
    first, second = workers(server)
    with stopped(second):
        speak(server, 3, "one")
        settled(server, "koe_requests_total", 3, outcome="completed", engine="espeak")
    with stopped(first):
        speak(server, 5, "two")
        settled(server, "koe_requests_total", 8, outcome="completed", engine="espeak")
    for pid in (first, second):
        with stopped(pid):
            found = settled(server, "koe_requests_total", 8, outcome="completed", engine="espeak")
            assert total(found, "koe_request_seconds_count") == 8
            assert total(found, "koe_time_to_first_audio_seconds_bucket", le="+Inf") == 8
            assert total(found, "koe_workers") == 2
            stages_s = total(found, "koe_stage_seconds_sum")
            assert stages_s == pytest.approx(total(found, "koe_request_seconds_sum"), rel=1e-3)
    memory = total(settled(server, "koe_workers", 2), "koe_process_resident_memory_bytes")

    with stopped(second):
        held = long_request(server.url)
        settled(server, "koe_requests_in_flight", 1)
    os.kill(first, signal.SIGKILL)
    gone = settled(server, "koe_requests_in_flight", 0)
    assert total(gone, "koe_requests_total", outcome="completed") == 8
    held.close()

    back = settled(server, "koe_workers", 2)
    assert total(back, "koe_requests_total", outcome="completed") == 8
    wait_until(
        lambda: (
            total(scraped(server.url), "koe_process_resident_memory_bytes") == pytest.approx(memory, rel=0.4)
        ),
        "the memory is that of two again: a worker is counted before its memory is",
    )
    speak(server, 4, "three")
    settled(server, "koe_requests_total", 12, outcome="completed")


def long_request(url):
    """A request whose client takes nothing of its answer."""
    place = urlsplit(url)
    body = b'{"input": "' + b"This goes on and on. " * 2000 + b'", "response_format": "wav"}'
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((place.hostname, place.port))
    head = "POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    sock.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return sock


def test_the_shared_folder_goes_with_the_server(server):
    folder = shared_folder(workers(server)[0])
    assert (folder / "metrics").is_dir()
    server.signal()
    assert server.exit_code() == 0
    assert not folder.exists()


def test_it_goes_even_when_the_supervisor_is_killed(server):
    folder = shared_folder(workers(server)[0])
    server.process.kill()
    wait_until(lambda: not folder.exists(), "the folder is gone")


def test_one_process_needs_no_folder():
    with KoeServer(*SETTINGS) as server:
        server.ready()
        speak(server, 2, "one")
        assert total(scraped(server.url), "koe_requests_total") == 2
        assert "KOE_WORKER_FOLDER" not in environment(server.process.pid)


def environment(pid):
    entries = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if entry)


def shared_folder(pid):
    return Path(environment(pid)["KOE_WORKER_FOLDER"])
