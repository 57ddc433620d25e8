"""A client that leaves takes its work with it: within one segment, whole or streamed, HTTP/1.1 or 2."""

import threading

import httpx
import pytest
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.harness import wait_until
from tests.server.live import live

TEXT = "First one. Second one. Third one. Fourth one. Fifth one."


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("stream", [True, False])
def test_leaving_stops_the_work(version, stream):
    holding = threading.Event()

    def hold_the_second(segment, cancellation):
        if segment.text.startswith("Second"):
            holding.set()
            cancelled = threading.Event()
            with cancellation.on_cancel(cancelled.set):
                assert cancelled.wait(30), "nobody cancelled the work"

    engine = FakeEngine(before=hold_the_second)
    body = {"input": TEXT, "response_format": "pcm", "stream": stream}
    with live(FakePlugin(engine)) as server:
        with httpx.Client(base_url=server.url, http1=version == "1.1", http2=version == "2") as client:
            if stream:
                with client.stream("POST", "/v1/audio/speech", json=body, timeout=30) as response:
                    next(response.iter_raw())
                    assert holding.wait(30)
            else:
                with pytest.raises(httpx.ReadTimeout):
                    client.post("/v1/audio/speech", json=body, timeout=httpx.Timeout(30, read=0.3))
        backend = server.service.backend
        wait_until(lambda: backend.stats().cancelled == 1, "the request was cancelled")
        wait_until(lambda: backend.stats().running == 0, "its place is free")
        assert [segment.text for segment in engine.spoken] == ["First one", "Second one"]


def test_a_stalled_reader_stops_the_work_and_a_gone_one_ends_it():
    """Nobody reads: the answer is not made on and on, and when the client goes the place is free."""
    import socket
    from urllib.parse import urlsplit

    engine = FakeEngine()
    text = " ".join(f"Sentence number {'abcdefghij'[i % 10]} is quite a long one." for i in range(2000))
    body = httpx.Request("POST", "http://x/", json={"input": text, "response_format": "pcm"}).content
    with live(FakePlugin(engine)) as server:
        place = urlsplit(server.url)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            sock.connect((place.hostname, place.port))
            head = f"POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
            sock.sendall(head.encode() + body)
            assert sock.recv(12) == b"HTTP/1.1 200"
            made = _standstill(engine)
            assert made < 400, f"{made} of 2000 segments were made for a client that reads nothing"
        backend = server.service.backend
        wait_until(lambda: backend.stats().running == 0, "the place is free")
        wait_until(lambda: backend.stats().cancelled == 1, "the request was cancelled")


def _standstill(engine):
    """The number of segments made once that number no longer grows."""
    import time

    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        if len(engine.spoken) != count:
            count, since = len(engine.spoken), time.monotonic()
        time.sleep(0.01)
    return count
