"""What browsers are allowed, told and sent, on a real server."""

import gzip
import json

import httpx
import pytest
from koe.api import ForbiddenError, Plugin, hookimpl
from koe.http.docs_page import CONTENT_SECURITY_POLICY
from koe.testing.fakes import FakePlugin
from koe_cors import (
    CompressionConfig,
    CompressionPlugin,
    CorsConfig,
    CorsPlugin,
    SecurityConfig,
    SecurityPlugin,
)
from koe_cors.plugins import EXPOSED
from koe_cors.security import SecurityHeaders
from starlette.middleware import Middleware
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.server.live import live

APP = "https://app.example.com"
SPEECH = {"input": "Hello there.", "response_format": "wav"}


@pytest.fixture(scope="module")
def server():
    plugins = [
        CorsPlugin(CorsConfig(origins=(APP,))),
        SecurityPlugin(SecurityConfig(hsts_s=3600)),
        CompressionPlugin(CompressionConfig(minimum_bytes=100)),
    ]
    with live(FakePlugin(), *plugins) as server:
        yield server


def test_a_page_from_a_listed_origin_may_ask_and_read_our_headers(server):
    asked = httpx.options(
        f"{server.url}/v1/audio/speech",
        headers={
            "origin": APP,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        },
    )
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == APP
    assert "authorization" in asked.headers["access-control-allow-headers"]
    spoken = httpx.post(f"{server.url}/v1/audio/speech", json=SPEECH, headers={"origin": APP})
    assert spoken.headers["access-control-allow-origin"] == APP
    exposed = {name.strip() for name in spoken.headers["access-control-expose-headers"].split(",")}
    ours = {name for name in spoken.headers if name.startswith("koe-") or name == "x-request-id"}
    assert ours <= exposed == set(EXPOSED)


def test_a_page_from_elsewhere_may_not(server):
    spoken = httpx.post(
        f"{server.url}/v1/audio/speech", json=SPEECH, headers={"origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in spoken.headers
    asked = httpx.options(
        f"{server.url}/v1/audio/speech",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers


def test_errors_can_be_read_by_pages_too(server):
    wrong = httpx.post(f"{server.url}/v1/audio/speech", json={}, headers={"origin": APP})
    assert wrong.status_code == 400
    assert wrong.headers["access-control-allow-origin"] == APP


class Doorkeeper(Plugin):
    """Refuses everybody, as a plugin does that asks for keys."""

    @hookimpl
    def register_middleware(self):
        return [Middleware(Refusing)]


class Refusing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        raise ForbiddenError("not you")


def test_so_can_the_refusals_of_plugins_that_are_listed_behind():
    plugins = [CorsPlugin(CorsConfig(origins=(APP,))), SecurityPlugin(), Doorkeeper()]
    with live(FakePlugin(), *plugins) as server:
        refused = httpx.get(f"{server.url}/v1/models", headers={"origin": APP})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert refused.headers["access-control-allow-origin"] == APP
    assert refused.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [(None, True), (APP, True), ("own", True), ("https://evil.example", False), ("null", False)],
)
def test_websockets_of_pages_from_elsewhere_are_refused(server, origin, welcome):
    origin = server.url if origin == "own" else origin
    address = server.url.replace("http", "ws") + "/v1/audio/speech/stream"
    if welcome:
        with connect(address, origin=origin) as socket:
            socket.send(json.dumps({"type": "input.done"}))
            assert "session.done" in str(list(socket))
    else:
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=origin)


def test_without_origins_nothing_is_allowed():
    with live(FakePlugin(), CorsPlugin()) as server:
        spoken = httpx.post(f"{server.url}/v1/audio/speech", json=SPEECH, headers={"origin": APP})
    assert not [name for name in spoken.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://a.b/c", ""])
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ValueError, match="no origin"):
        CorsConfig(origins=(origin,))


def test_credentials_for_everybody_are_refused():
    with pytest.raises(ValueError, match="by name"):
        CorsConfig(origins=("*",), credentials=True)
    with pytest.raises(ValueError, match="alone"):
        CorsConfig(origins=("*", APP))


def raw(server, method, path, **options):
    """The body as it came over the wire."""
    headers = {"accept-encoding": "gzip", **options.pop("headers", {})}
    with httpx.stream(method, server.url + path, headers=headers, timeout=30, **options) as answer:
        return answer, b"".join(answer.iter_raw())


def test_json_is_compressed_for_those_who_take_gzip(server):
    answer, body = raw(server, "GET", "/v1/audio/voices")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert int(answer.headers["content-length"]) == len(body)
    plain, plain_body = raw(server, "GET", "/v1/audio/voices", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(body) == plain_body


def test_small_json_and_heads_are_left_alone(server):
    answer, body = raw(server, "GET", "/health/live")
    assert "content-encoding" not in answer.headers
    assert json.loads(body)
    head, _ = raw(server, "HEAD", "/v1/audio/voices")
    assert "content-encoding" not in head.headers


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stream": False},
        {"stream_format": "sse"},
        {"stream_format": "ndjson"},
        {"response_format": "srt"},
    ],
)
def test_audio_events_and_other_captions_never_are(server, fields):
    answer, body = raw(server, "POST", "/v1/audio/speech", json={**SPEECH, **fields})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert not body.startswith(b"\x1f\x8b")


def test_captions_as_json_are(server):
    answer, body = raw(server, "POST", "/v1/audio/speech", json={**SPEECH, "response_format": "json"})
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(body))["words"]


def test_answers_have_security_headers_and_docs_keep_their_own_policy(server):
    listing = httpx.get(f"{server.url}/v1/models")
    assert listing.headers["x-content-type-options"] == "nosniff"
    assert listing.headers["referrer-policy"] == "no-referrer"
    assert listing.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert httpx.get(f"{server.url}/docs").headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert httpx.get(f"{server.url}/nowhere").headers["x-content-type-options"] == "nosniff"


def test_hsts_is_said_on_tls_alone(server):
    assert "strict-transport-security" not in httpx.get(f"{server.url}/v1/models").headers


@pytest.mark.parametrize(("scheme", "said"), [("https", "max-age=60"), ("http", None)])
async def test_hsts_follows_the_scheme(scheme, said):
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(dict(message["headers"]))

    await SecurityHeaders(app, SecurityConfig(hsts_s=60))({"type": "http", "scheme": scheme}, None, send)  # type: ignore[arg-type]
    found = sent[0].get(b"strict-transport-security")
    assert (found.decode() if found else None) == said
