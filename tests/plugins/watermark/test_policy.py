"""When marking fails: what leaves, and what the response says of itself."""

import json

import httpx
import numpy as np
import pytest
from attrs import evolve
from koe.api import AudioChunk, Plugin, SpeechRequest, StageError, StreamInfo, hookimpl
from koe.testing.build import running
from koe.testing.fakes import FakePlugin
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from structlog.testing import capture_logs

from tests.plugins.watermark.build import SETTINGS, upside_plugin
from tests.server.live import live
from tests.server.stream_client import session

TEXT = "Hello there, this is a text that is spoken for some time."
WAYS = [{}, {"stream": False}, {"stream_format": "sse"}, {"stream_format": "ndjson"}]
WAY_NAMES = ["stream", "whole", "sse", "ndjson"]
UNMARKED = evolve(SETTINGS, pipeline=evolve(SETTINGS.pipeline, postprocess=()))


@pytest.fixture(autouse=True)
def logged():
    """What is logged; without it, structlog would paint every traceback, for seconds."""
    with capture_logs() as lines:
        yield lines


def _post(url, headers=None, **fields):
    body = {"input": TEXT, "response_format": "raw", **fields}
    return httpx.post(f"{url}/v1/audio/speech", json=body, headers=headers)


async def _clean():
    async with running(FakePlugin(), settings=UNMARKED) as synthesizer:
        async with synthesizer.speak(SpeechRequest(text=TEXT, format="raw")) as speech:
            return np.frombuffer(b"".join([data async for data in speech.encoded()]), np.float32)


@pytest.mark.parametrize("form", WAYS, ids=WAY_NAMES)
@pytest.mark.parametrize("how", [{"refuse": True}, {"fail_at": 0}], ids=["opening", "marking"])
def test_required_a_failure_is_a_500_and_no_byte_of_audio(monkeypatch, form, how):
    with live(FakePlugin(), upside_plugin(monkeypatch, **how), settings=SETTINGS) as server:
        answer = _post(server.url, **form)
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["code"] == "stage_failed"
    assert "component 'watermark'" in error["message"]
    assert answer.headers["content-type"] == "application/json"
    assert "koe-watermark" not in answer.headers


@pytest.mark.parametrize("policy", ["required", "best_effort"])
@pytest.mark.parametrize("form", [{"stream": False}, {}], ids=["whole", "stream"])
@pytest.mark.parametrize("fail_at", [1, -1], ids=["later", "at the end"])
async def test_a_failure_after_marked_audio_breaks_the_answer(monkeypatch, policy, form, fail_at):
    """Every sample that came out before it is marked; the answer never ends as if it were whole."""
    clean = await _clean()
    plugin = upside_plugin(monkeypatch, policy=policy, fail_at=fail_at, delay=100)
    with live(FakePlugin(), plugin, settings=SETTINGS) as server:
        if form:
            assert _post(server.url, **form).status_code == 500
            return
        came = b""
        body = {"input": TEXT, "response_format": "raw"}
        with httpx.stream("POST", f"{server.url}/v1/audio/speech", json=body) as answer:
            assert answer.headers["koe-watermark"] == "yes"
            with pytest.raises(httpx.RemoteProtocolError):
                for piece in answer.iter_raw():
                    came += piece
    marked = np.frombuffer(came, np.float32)
    assert 0 < len(marked) < len(clean)
    assert np.array_equal(marked, clean[: len(marked)] * np.float32(-0.5))


@pytest.mark.parametrize("policy", ["required", "best_effort"])
def test_events_after_marked_audio_end_with_the_error(monkeypatch, policy):
    body = {"input": TEXT, "response_format": "raw", "stream_format": "ndjson"}
    lines = []
    with live(
        FakePlugin(), upside_plugin(monkeypatch, policy=policy, fail_at=1), settings=SETTINGS
    ) as server:
        with httpx.stream("POST", f"{server.url}/v1/audio/speech", json=body) as answer:
            assert answer.headers["koe-watermark"] == "yes"
            with pytest.raises(httpx.RemoteProtocolError):
                for line in answer.iter_lines():
                    lines.append(json.loads(line)["type"])
    assert lines[0] == "audio"
    assert lines[-1] == "error"


@pytest.mark.parametrize("form", WAYS[:3], ids=WAY_NAMES[:3])
@pytest.mark.parametrize(
    "how",
    [{"refuse": True}, {"fail_at": 0}, {"fail_at": 1, "delay": 10**6}, {"fail_at": -1, "delay": 10**6}],
    ids=["opening", "marking", "marking later, nothing out yet", "at the end, nothing out yet"],
)
async def test_best_effort_what_fails_before_the_first_audio_goes_unmarked_and_says_so(
    monkeypatch, form, how
):
    clean = await _clean()
    plugin = upside_plugin(monkeypatch, policy="best_effort", **how)
    with live(FakePlugin(), plugin, settings=SETTINGS) as server:
        answer = _post(server.url, **form)
    assert answer.status_code == 200
    assert answer.headers["koe-watermark"] == "no"
    if "stream_format" not in form:
        assert np.array_equal(np.frombuffer(answer.content, np.float32), clean)


async def test_best_effort_the_failure_is_logged(monkeypatch, logged):
    plugin = upside_plugin(monkeypatch, policy="best_effort", fail_at=0)
    async with running(FakePlugin(), plugin, settings=SETTINGS) as synthesizer:
        request = SpeechRequest(text=TEXT, format="raw", request_id="r7")
        async with synthesizer.speak(request) as speech:
            async for _ in speech.chunks():
                assert speech.facts == {"watermark": "no"}
    (line,) = [line for line in logged if line["event"] == "watermark_left_out"]
    assert line["error"] == "MemoryError: no room for the mark"
    assert (line["request_id"], line["log_level"]) == ("r7", "warning")


async def test_after_a_failure_the_stream_gives_no_more_audio(monkeypatch):
    """Even to a caller who goes on: the marker itself would work again."""
    (processor,) = upside_plugin(monkeypatch, fail_at=1).register_audio_processors()
    stream = processor.open(StreamInfo(24_000))
    chunk = AudioChunk(np.zeros(10, np.float32), 24_000)
    stream.process(chunk)
    for _ in range(3):
        with pytest.raises(MemoryError):
            stream.process(chunk)
    with pytest.raises(MemoryError):
        stream.flush()


async def test_the_python_api_raises_too(monkeypatch):
    async with running(FakePlugin(), upside_plugin(monkeypatch, fail_at=0), settings=SETTINGS) as synthesizer:
        async with synthesizer.speak(SpeechRequest(text=TEXT, format="raw")) as speech:
            with pytest.raises(StageError, match="no room for the mark"):
                async for _ in speech.chunks():
                    pytest.fail("audio came out")


def test_the_streaming_websocket_sends_the_error_and_no_audio(monkeypatch):
    with live(FakePlugin(), upside_plugin(monkeypatch, fail_at=0), settings=SETTINGS) as server:
        with session(server.url, response_format="raw") as client:
            client.say(TEXT)
            client.send("input.flush")
            utterance = client.utterance()
    assert utterance.audio == b""
    assert utterance.last["error"]["code"] == "stage_failed"


@pytest.mark.parametrize("fail_at", [0, -1], ids=["marking", "at the end"])
def test_best_effort_the_streaming_websocket_says_no(monkeypatch, fail_at):
    plugin = upside_plugin(monkeypatch, policy="best_effort", fail_at=fail_at, delay=10**6)
    with live(FakePlugin(), plugin, settings=SETTINGS) as server:
        with session(server.url, response_format="raw") as client:
            client.say(TEXT)
            client.send("input.flush")
            utterance = client.utterance()
    assert utterance.events[0]["facts"] == {"watermark": "no"}
    assert utterance.last["type"] == "audio.done"
    assert utterance.audio


class ByHeader(AuthenticationBackend):
    async def authenticate(self, conn):
        name = conn.headers.get("x-user")
        return (AuthCredentials([]), SimpleUser(name)) if name else None


class KeysPlugin(Plugin):
    @hookimpl
    def register_middleware(self):
        return [Middleware(AuthenticationMiddleware, backend=ByHeader())]


async def test_a_named_key_may_opt_out_and_the_answer_says_no(monkeypatch):
    clean = await _clean()
    plugin = upside_plugin(monkeypatch, opt_out=("studio",))
    with live(FakePlugin(), KeysPlugin(), plugin, settings=SETTINGS) as server:
        unmarked = _post(server.url, watermark=False, headers={"x-user": "studio"})
        marked = _post(server.url, headers={"x-user": "studio"})
        refused = _post(server.url, watermark=False, headers={"x-user": "stranger"})
        nobody = _post(server.url, watermark=False)
    assert unmarked.headers["koe-watermark"] == "no"
    assert np.array_equal(np.frombuffer(unmarked.content, np.float32), clean)
    assert marked.headers["koe-watermark"] == "yes"
    assert np.array_equal(np.frombuffer(marked.content, np.float32), clean * np.float32(-0.5))
    for answer in (refused, nobody):
        assert answer.status_code == 403
        assert answer.json()["error"]["param"] == "watermark"
        assert "studio" not in answer.text
