"""`koe serve` as operators run it: it drains on SIGTERM and exits with codes that mean something."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from koe.testing.tiny_model import write_tiny_model

from tests.server.harness import wait_until
from tests.server.live import KoeServer

TEXT = " ".join(f"Sentence number {number} is quite a long one." for number in range(1, 80))
"""More than 8 MB of sound: no system's buffers take so much of an answer that is not read."""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_missing_model_exits_with_1_and_says_how_to_get_it(workers, tmp_path):
    with KoeServer(
        "--workers", workers, "--set", "engine.default=kokoro", KOE_MODEL_DIR=str(tmp_path)
    ) as server:
        assert server.exit_code() == 1
        assert "koe model download" in server.logged()


def test_the_embedded_voice_stands_in_with_one_warning(tmp_path):
    with KoeServer(KOE_MODEL_DIR=str(tmp_path)) as server:
        server.ready()
        (warning,) = server.events("engine_fallback")
    assert (warning["engine"], warning["instead_of"], warning["level"]) == ("espeak", "kokoro", "warning")
    assert "koe model download" in warning["reason"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_truncated_model_exits_with_1_and_names_the_file(workers, tmp_path):
    tiny = write_tiny_model(tmp_path)
    tiny.model.write_bytes(tiny.model.read_bytes()[:500])
    options = ["--workers", workers, "--set", "engine.default=kokoro"]
    with KoeServer(*options, "--set", f'plugins.kokoro.dir="{tmp_path}"') as server:
        assert server.exit_code() == 1
        assert tiny.model.name in server.logged()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broken_config_exits_with_2_and_lists_the_mistakes(workers, tmp_path):
    config = tmp_path / "koe.toml"
    config.write_text("[server]\nprot = 1\n[limits]\nmax_queued = true\n", encoding="utf-8")
    with KoeServer("--workers", workers, "--config", str(config)) as server:
        assert server.exit_code() == 2
        logged = server.logged()
    assert "koe.toml: server.prot" in logged
    assert "koe.toml: limits.max_queued" in logged


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_lets_a_running_stream_finish(workers):
    """The client reads nothing until the server drains; then it gets all of its answer."""
    body = {"input": TEXT, "response_format": "pcm"}
    with KoeServer("--workers", workers, "--set", "engine.default=espeak") as server:
        server.ready()
        whole = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=60).content
        with _unread_answer(server.url, body) as sock:
            assert sock.recv(12) == b"HTTP/1.1 200"
            server.signal()
            if workers == "1":
                wait_until(lambda: server.get("/health/ready").status_code == 503, "readiness is 503")
                refused = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=30)
                assert refused.status_code == 503
                assert refused.headers["retry-after"]
                assert server.get("/health/live").status_code == 200
            else:
                wait_until(lambda: server.events("server_draining"), "a worker drains")
            received = _rest(sock)
        assert server.exit_code() == 0
    assert len(whole) > 8_000_000
    assert received.endswith(b"0\r\n\r\n")
    assert _dechunked(received) == whole


def _unread_answer(url, body):
    place = urlsplit(url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131_072)
    sock.settimeout(30)
    sock.connect((place.hostname, place.port))
    data = json.dumps(body).encode()
    head = f"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ncontent-length: {len(data)}\r\n\r\n"
    sock.sendall(head.encode() + data)
    return sock


def _rest(sock):
    data = bytearray()
    while not data.endswith(b"0\r\n\r\n") and (piece := sock.recv(1 << 16)):
        data += piece
    return bytes(data)


def _dechunked(data):
    body, at = bytearray(), data.index(b"\r\n\r\n") + 4
    while at < len(data):
        begin = data.index(b"\r\n", at) + 2
        end = begin + int(data[at : begin - 2], 16)
        body += data[begin:end]
        at = end + 2
    return bytes(body)
