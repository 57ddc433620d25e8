"""Whatever is sent to whatever endpoint: no 5xx, no hang, no traceback, nothing left behind.

`KOE_FUZZ=5000 python -m pytest tests/server/test_fuzz.py` tries so many requests of each kind, at random;
without it, a few that are the same every time.
"""

import base64
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.parse
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from koe.http.stream_messages import CLIENT_TYPES

from tests.server.everything import config_with_everything
from tests.server.harness import PATIENCE_S, ROOT, wait_until
from tests.server.live import KoeServer

EXAMPLES = int(os.environ.get("KOE_FUZZ", "0"))
POSTS = ("/v1/audio/speech", "/v1/audio/dialogue", "/v1/audio/speech/phonemes", "/v1/text/inspect")
SOCKET = "/v1/audio/speech/stream"
PATHS = (
    *POSTS,
    *(
        "/v1/watermark/detect",
        "/v1/cache",
        "/metrics",
        "/v1/models",
        "/v1/models/",
        "/v1/models/tts-1",
        "/v1/audio/voices",
    ),
    *(
        "/v1/capabilities",
        "/health",
        "/health/ready",
        "/status",
        "/",
        "/v1",
        "/docs",
        "/openapi.json",
        SOCKET,
    ),
)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FIELDS = (
    *(
        "input",
        "turns",
        "phonemes",
        "voice",
        "model",
        "speed",
        "volume_db",
        "voice_aliases",
        "lexicon",
        "language",
    ),
    *(
        "response_format",
        "sample_rate",
        "bitrate",
        "markup",
        "stream_format",
        "stream",
        "timestamps",
        "watermark",
    ),
    *("cache", "instructions", "normalize", "text", "engine"),
)


def fuzzed(examples):
    chosen = {"max_examples": EXAMPLES} if EXAMPLES else {"max_examples": examples, "derandomize": True}
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(deadline=None, database=None, suppress_health_check=checks, **chosen)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config, _ = config_with_everything(tmp_path_factory.mktemp("fuzz"), keys=False)
    with KoeServer("--config", str(config), OTEL_SDK_DISABLED="true") as running:
        yield running.ready()
        assert running.get("/health").status_code == 200
        process = psutil.Process(running.process.pid)
        wait_until(lambda: len(process.net_connections("tcp")) <= 2, "all connections are closed")
        status = running.get("/status").json()
        assert (status["requests"]["running"], status["requests"]["queued"]) == (0, 0)
        assert "Traceback" not in running.logged()
        assert '"level": "error"' not in running.logged()


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        yield client


def connected(server):
    place = urllib.parse.urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), PATIENCE_S)


def exchanged(server, *pieces):
    with connected(server) as sock:
        return _told(sock, *pieces)


def _told(sock, *pieces):
    """What comes back until the server closes, when all is said and the client sends no more."""
    received = b""
    with suppress(OSError):
        for piece in pieces:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
    with suppress(ConnectionError):
        while piece := sock.recv(65_536):
            received += piece
    return received


# Text in which everything that has a meaning somewhere comes up often.
texts = st.text(max_size=40) | st.sampled_from(
    [
        "Hello.",
        "",
        " ",
        "\ud800",
        "\0",
        "[pause 1s]",
        "<speak>hi</speak>",
        "[",
        "alloy",
        "a(1)+b(-1)",
        "en-GB",
        "٣",
    ]
)
scalars = (
    st.none() | st.booleans() | texts | st.integers(-(10**30), 10**30) | st.floats() | st.just(float("nan"))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
likely = {
    "input": texts,
    "phonemes": texts,
    "turns": st.lists(st.fixed_dictionaries({"text": texts}, optional={"voice": values}), max_size=3),
    "response_format": st.sampled_from(["mp3", "wav", "pcm", "opus", "flac", "aac", "srt", "vtt", "json"]),
    "stream_format": st.sampled_from(["sse", "audio", "ndjson"]),
    "markup": st.sampled_from(["text", "ssml", "tags", "phonemes"]),
    "stream": st.booleans(),
}
some_fields = st.lists(st.sampled_from(FIELDS), unique=True, max_size=5).flatmap(
    lambda names: st.fixed_dictionaries({name: likely.get(name, values) for name in names})
)
bodies = st.builds(
    lambda text, fields: {**text, **fields},
    st.sampled_from([{"input": "Hello."}, {"phonemes": "a"}, {"turns": [{"text": "Hi."}]}, {}]),
    some_fields,
)
odd_bodies = st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=6)


class TestJson:
    @fuzzed(60)
    @given(path=st.sampled_from(POSTS), body=bodies)
    def test_bodies_that_are_nearly_right(self, client, path, body):
        self.answered(client, path, json.dumps(body).encode("utf-8", "surrogatepass"))

    @fuzzed(40)
    @given(path=st.sampled_from(POSTS), body=odd_bodies | values, escaped=st.booleans())
    def test_bodies_that_are_not(self, client, path, body, escaped):
        self.answered(client, path, json.dumps(body, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))

    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize(
        "body",
        [
            b"[" * 100_000,
            b'{"input":' * 20_000,
            b'{"input": "a", "speed": 1' + b"0" * 5000 + b"}",
            b'{"input": "a", "speed": 1e999}',
            b'{"input": "a", "input": "b"}',
            b'{"input": "\xff"}',
            b'{"input": "\\ud800"}',
            b"\xef\xbb\xbf{}",
            b"",
            b'{"lexicon": {' + b",".join(b'"%d": "a"' % n for n in range(20_000)) + b'}, "input": "a"}',
        ],
    )
    def test_bodies_made_to_hurt(self, client, path, body):
        self.answered(client, path, body)

    def answered(self, client, path, body):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.json()["error"]["code"]


class TestHttp1:
    methods = st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "TRACE", "PROPFIND", "get"])
    targets = st.sampled_from(PATHS) | st.text(max_size=20).map(lambda text: "/" + urllib.parse.quote(text))
    names = st.sampled_from(
        [
            *("accept", "content-type", "content-encoding", "expect", "upgrade", "connection", "range", "te"),
            *("x-request-id", "authorization", "origin", "accept-encoding", "forwarded", "cookie", "trailer"),
            *("access-control-request-method", "http2-settings", "sec-websocket-key", "transfer-encoding"),
        ]
    )
    odd_values = st.sampled_from(
        [
            b"application/openmetrics-text;version=x",
            b"gzip;q=x",
            b"chunked, chunked",
            b"Bearer \xe9",
            b'for="[',
            b"h2c",
        ]
    )
    headers = st.lists(
        st.tuples(names, odd_values | st.binary(max_size=20).map(lambda raw: raw.translate(None, b"\r\n\0"))),
        max_size=6,
    )
    framings = st.sampled_from(["none", "right", "short", "long", "chunked", "unended", "bad chunk"])

    @fuzzed(80)
    @given(methods, targets, headers, framings, st.binary(max_size=60))
    def test_requests(self, server, method, target, headers, framing, body):
        lines = [f"{method} {target} HTTP/1.1".encode(), b"host: koe", b"connection: close"]
        lines += [name.encode() + b": " + value for name, value in headers]
        received = exchanged(server, *_framed(lines, framing, body))
        assert not received or 100 <= _status(received) < 500, received[:500]

    @fuzzed(30)
    @given(st.binary(max_size=300))
    def test_noise(self, server, noise):
        received = exchanged(server, noise)
        assert not received or _status(received) == 400, received[:500]

    def test_a_body_that_never_ends_is_timed_out(self, server):
        with connected(server) as sock:
            sock.sendall(
                b"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{"
            )
            assert _status(sock.recv(65_536)) == 408


def _framed(lines, framing, body):
    length = {"right": len(body), "short": max(0, len(body) - 5), "long": len(body) + 5}.get(framing)
    if length is not None:
        lines = [*lines, b"content-length: %d" % length]
    elif framing != "none":
        lines = [*lines, b"transfer-encoding: chunked"]
        body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        body += {"chunked": b"0\r\n\r\n", "unended": b"5\r\nab", "bad chunk": b"zz\r\n"}[framing]
    else:
        body = b""
    return b"\r\n".join([*lines, b"", b""]), body


def _status(received):
    return int(received.split(b" ", 2)[1][:3])


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class TestHttp2:
    frames = st.builds(
        frame,
        st.integers(0, 11),
        st.sampled_from([0, 1, 4, 5, 8, 32, 255]),
        st.sampled_from([0, 1, 1, 1, 2, 3, 5, 2**31 - 1, 2**32 - 1]),
        st.binary(max_size=40)
        | st.sampled_from([b"\0\0\0\0", b"\x82\x86\x84\x41\x01a", b"\x83\x86\x84\x41\x01a"]),
    )

    @fuzzed(80)
    @given(st.lists(frames, max_size=12))
    def test_frames(self, server, frames):
        exchanged(server, PREFACE + frame(4, 0, 0, b""), b"".join(frames))

    @fuzzed(20)
    @given(st.lists(st.tuples(TestHttp1.names, st.binary(max_size=20)), max_size=5), st.binary(max_size=30))
    def test_header_lists(self, server, headers, path):
        import hpack

        pseudo = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"koe"), (b":path", path)]
        block = hpack.Encoder().encode([*pseudo, *((name.encode(), value) for name, value in headers)])
        exchanged(server, PREFACE + frame(4, 0, 0, b""), frame(1, 4, 1, block), frame(0, 1, 1, b"{}"))


def _masked(kind, payload, mask=b"\1\2\3\4"):
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    covered = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([0x80 | kind]) + length + mask + covered


class TestWebSocket:
    key = base64.b64encode(b"1" * 16)
    handshake = (
        b"GET " + SOCKET.encode() + b" HTTP/1.1\r\nhost: koe\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: " + key + b"\r\n\r\n"
    )
    kinds = st.sampled_from([*CLIENT_TYPES, "session.config", "nothing"])
    messages = st.builds(lambda kind, fields: {"type": kind, **fields}, kinds | texts, some_fields)
    spoken = st.fixed_dictionaries({"type": st.just("input.text"), "text": texts})

    @fuzzed(40)
    @given(st.lists((messages | spoken).map(json.dumps), max_size=5))
    def test_messages(self, server, messages):
        frames = [_masked(1, message.encode("utf-8", "surrogatepass")) for message in messages]
        received = self.talked(server, *frames, _masked(8, b"\x03\xe8"))
        assert b"server failed" not in received

    @fuzzed(40)
    @given(
        st.lists(
            st.binary(max_size=40)
            | st.builds(
                _masked,
                st.integers(0, 15),
                texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
            ),
            max_size=6,
        )
    )
    def test_frames(self, server, frames):
        assert b"server failed" not in self.talked(server, *frames)

    def talked(self, server, *frames):
        with connected(server) as sock:
            sock.sendall(self.handshake)
            opened = sock.recv(65_536)
            assert _status(opened) == 101
            return opened + _told(sock, *frames)


class TestUploads:
    parts = st.lists(
        st.sampled_from(
            [b"--x\r\n", b"--x--\r\n", b"\r\n", b"\r\n\r\n", b'content-disposition: form-data; name="file"']
        )
        | st.sampled_from([b"content-type: audio/wav", b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"ID3"])
        | st.binary(max_size=30),
        max_size=10,
    )
    types = st.sampled_from(
        [
            *("multipart/form-data; boundary=x", "multipart/form-data", "audio/wav", "text/plain", ""),
            *("application/octet-stream", "multipart/form-data; boundary=" + "y" * 200),
        ]
    )

    @fuzzed(40)
    @given(parts, types)
    def test_files(self, client, parts, types):
        answer = client.post(
            "/v1/watermark/detect", content=b"".join(parts), headers={"content-type": types} if types else {}
        )
        assert answer.status_code < 500, answer.text


SPEECH_ONCE = """
[[operations]]
include-path = ["/v1/audio/dialogue", "/v1/audio/speech/phonemes"]
phases.coverage.enabled = false
"""
"""Most of their fields are those of /v1/audio/speech, which is covered; what is left is fuzzed."""


@pytest.mark.parametrize("keys", [False, True], ids=["open", "with keys"])
def test_schemathesis_finds_nothing(keys, tmp_path, request):
    """https://schemathesis.readthedocs.io on all that the document describes, with all of its checks."""
    options = (ROOT / "schemathesis.toml").read_text() + ("" if EXAMPLES else SPEECH_ONCE)
    how = ["--checks", "all", "--no-color", "--continue-on-failure", "--request-timeout", str(PATIENCE_S)]
    how += ["--max-examples", str(EXAMPLES)] if EXAMPLES else ["--max-examples", "3", "--seed", "1"]
    if keys:
        config, headers = config_with_everything(tmp_path, keys=True)
        running = KoeServer("--config", str(config))
        request.addfinalizer(lambda: running.__exit__(None, None, None))
        url, key = running.ready().url, headers["authorization"].partition(" ")[2]
        options += f'\n[auth.openapi.ApiKey]\nbearer = "{key}"\n'
    else:
        url = request.getfixturevalue("server").url
    if keys and not EXAMPLES:  # the other run has had all that is invalid
        how += ["--phases", "examples,coverage", "--mode", "positive"]
    else:
        how += ["--phases", "examples,coverage,fuzzing"]
    (tmp_path / "schemathesis.toml").write_text(options)
    program = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [str(program), "--config-file", "schemathesis.toml", "run", f"{url}/openapi.json", *how],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
