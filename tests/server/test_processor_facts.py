"""What audio processors say of their work, and what they are told of the request."""

import httpx
import numpy as np
import pytest
from attrs import evolve
from koe.api import (
    AudioChunk,
    AudioFormat,
    AudioProcessor,
    AudioStream,
    Encoder,
    ForbiddenError,
    SpeechRequest,
)
from koe.hooks import Plugin, hookimpl
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakePlugin
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware

from tests.server.live import live
from tests.server.stream_client import session

SETTINGS = evolve(FAKE_SETTINGS, pipeline=evolve(FAKE_SETTINGS.pipeline, postprocess=("stamp",)))


class Stamp(AudioProcessor):
    name = "stamp"

    def open(self, info):
        if not info.watermark and info.caller != "trusted":
            raise ForbiddenError("not for you", param="watermark")
        return StampStream(info)


class StampStream(AudioStream):
    def __init__(self, info):
        self.info = info
        self.marked = 0

    def process(self, chunk):
        self.marked += len(chunk.samples)
        return chunk

    def flush(self):
        return None

    @property
    def facts(self):
        return {"stamp": f"{'yes' if self.marked else 'nothing'} by {self.info.voice}"}

    @property
    def tags(self):
        return {"comment": f"made by {self.info.engine}"}


class TagFormat(AudioFormat):
    """Encodes nothing but the tags, once there is audio."""

    name = "tags"
    media_type = "text/plain"
    extension = "txt"

    def open(self, info):
        return TagEncoder(info)


class TagEncoder(Encoder):
    def __init__(self, info):
        self.tags = info.tags

    def feed(self, chunk):
        return b""

    def flush(self):
        return repr(dict(self.tags)).encode()


class ByHeader(AuthenticationBackend):
    async def authenticate(self, conn):
        name = conn.headers.get("x-user")
        return (AuthCredentials([]), SimpleUser(name)) if name else None


class StampPlugin(Plugin):
    @hookimpl
    def register_audio_processors(self):
        return [Stamp()]

    @hookimpl
    def register_formats(self):
        return [TagFormat()]

    @hookimpl
    def register_middleware(self):
        return [Middleware(AuthenticationMiddleware, backend=ByHeader())]


@pytest.fixture(scope="module")
def url():
    with live(FakePlugin(), StampPlugin(), settings=SETTINGS) as server:
        yield server.url


def _post(url, headers=None, **fields):
    body = {"input": "Hello", "response_format": "pcm", **fields}
    return httpx.post(f"{url}/v1/audio/speech", json=body, headers=headers)


@pytest.mark.parametrize(
    "form", [{}, {"stream": False}, {"stream_format": "sse"}], ids=["stream", "whole", "events"]
)
def test_what_a_processor_says_is_a_response_header(url, form):
    assert _post(url, **form).headers["koe-stamp"] == "yes%20by%20ann"


def test_the_streaming_websocket_says_it_at_the_start_of_the_audio(url):
    with session(url) as client:
        client.say("Hello")
        client.send("input.flush")
        assert client.event()["facts"] == {"stamp": "yes by ann"}


def test_the_encoder_is_opened_with_the_processors_tags(url):
    assert _post(url, response_format="tags").text == "{'comment': 'made by fake'}"


def test_a_processor_may_refuse_a_request_before_the_first_byte(url):
    answer = _post(url, watermark=False)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"
    assert answer.json()["error"]["param"] == "watermark"


def test_a_processor_knows_who_asks(url):
    assert _post(url, watermark=False, headers={"x-user": "trusted"}).status_code == 200
    assert _post(url, watermark=False, headers={"x-user": "stranger"}).status_code == 403


def test_the_streaming_websocket_is_refused_likewise(url):
    with session(url, watermark=False) as client:
        client.say("Hello")
        client.send("input.flush")
        assert client.event()["error"]["code"] == "forbidden"


class Hoard(AudioProcessor):
    """Keeps all audio until the end, and only then knows how it went."""

    name = "hoard"

    def open(self, info):
        return HoardStream()


class HoardStream(AudioStream):
    def __init__(self):
        self.held = []

    def process(self, chunk):
        self.held.append(chunk)
        return evolve(chunk, samples=chunk.samples[:0])

    def flush(self):
        samples = np.concatenate([chunk.samples for chunk in self.held])
        self.held.clear()
        return AudioChunk(samples, 24_000)

    @property
    def facts(self):
        return {"hoard": "holding" if self.held else "given"}


class HoardPlugin(Plugin):
    @hookimpl
    def register_audio_processors(self):
        return [Hoard()]


async def test_what_a_processor_says_at_the_end_counts_where_the_first_audio_comes_then():
    settings = evolve(FAKE_SETTINGS, pipeline=evolve(FAKE_SETTINGS.pipeline, postprocess=("hoard",)))
    async with running(FakePlugin(), HoardPlugin(), settings=settings) as synthesizer:
        for take in ("chunks", "encoded"):
            async with synthesizer.speak(SpeechRequest(text="Hello", format="raw")) as speech:
                async for _ in getattr(speech, take)():
                    assert speech.facts == {"hoard": "given"}
