"""`stream_format` `sse` and `ndjson`."""

import asyncio
import base64
import json
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, Literal

import httpx
import openai
import pytest
from koe.errors import StageError
from koe.http import answers
from koe.http.app import build_app
from koe.http.events import MAX_DELTA_BYTES
from koe.http.sse import kept_alive
from koe.logs import configure_logging
from koe.settings import LogSettings
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import SpeechPiece
from starlette.testclient import TestClient

from tests.server.events import SPEECH, audio_of, ndjson_events, speak, sse_events
from tests.server.fake_server import FakeBackend
from tests.server.live import live

FORMATS = ["mp3", "opus", "vorbis", "aac", "flac", "wav", "pcm"]
TEXT = "First one. Second one, longer than the first. Third one."


def post(backend: FakeBackend, **fields):
    body = {"input": "Hello", "stream_format": "sse", **fields}
    return TestClient(build_app(backend), raise_server_exceptions=False).post(SPEECH, json=body)


def broken_body(client: httpx.Client, **fields) -> bytes:
    """What came before the server broke the connection off."""
    received = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("POST", SPEECH, json={"input": TEXT, **fields}) as response,
    ):
        assert response.status_code == 200
        for piece in response.iter_raw():
            received += piece
    return received


@pytest.fixture(autouse=True)
def _plain_log():
    """structlog's own renderer takes seconds to lay a traceback out."""
    configure_logging(LogSettings(format="json"))


@pytest.fixture(scope="module")
def url():
    with live(FakePlugin()) as server:
        yield server.url


class TestEvents:
    def test_they_are_openais_to_the_byte(self):
        answer = post(FakeBackend(pieces=[b"", b"fir", b"st\x00\xff"]))
        assert answer.content == (
            b'data: {"type":"speech.audio.delta","audio":"Zmly"}\n\n'
            b'data: {"type":"speech.audio.delta","audio":"c3QA/w=="}\n\n'
            b'data: {"type":"speech.audio.done",'
            b'"usage":{"input_tokens":5,"output_tokens":60,"total_tokens":65}}\n\n'
        )

    def test_the_answer_says_what_it_is_and_who_spoke(self):
        backend = FakeBackend()
        answer = post(backend, voice="af_bella", instructions="Softly")
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["koe-voice"] == "af_bella"
        assert answer.headers["koe-ignored"] == "instructions"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-disposition" not in answer.headers
        assert "content-length" not in answer.headers
        assert (backend.last.mode, backend.last.closed, backend.left) == ("stream", True, 1)

    def test_lines_stay_short_enough_for_readers_of_64_kib_however_large_a_piece_is(self):
        audio = bytes(range(256)) * 1000
        answer = post(FakeBackend(pieces=[audio]))
        assert max(map(len, answer.content.split(b"\n"))) < 65_536
        events = sse_events(answer.content)
        assert len(events) == -(-len(audio) // MAX_DELTA_BYTES) + 1
        assert audio_of(events) == audio

    def test_characters_beyond_ascii_cannot_break_a_line(self):
        piece = SpeechPiece(b"x")
        answer = post(FakeBackend(pieces=[piece], stage_seconds={}), input="a\u2028b\x85c")
        assert answer.content.isascii()
        assert sse_events(answer.content)[-1]["usage"]["input_tokens"] == 5

    @pytest.mark.parametrize("stream_format", ["sse", "ndjson"])
    def test_no_audio_at_all_is_a_refusal(self, stream_format):
        answer = post(FakeBackend(pieces=[b""]), stream_format=stream_format)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_to_speak")

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize("stream_format", ["sse", "ndjson"])
    def test_the_joined_audio_is_the_audio_stream_byte_for_byte(self, url, name, stream_format):
        body = {"input": TEXT, "response_format": name}
        plain = httpx.post(url + SPEECH, json=body).content
        answer = httpx.post(url + SPEECH, json={**body, "stream_format": stream_format})
        events = (sse_events if stream_format == "sse" else ndjson_events)(answer.content)
        assert audio_of(events) == plain
        assert len(plain) > 1000

    def test_usage_counts_characters_and_frames_of_25_ms(self, url):
        events = speak(url, TEXT, response_format="pcm")
        frames = len(audio_of(events)) // 2 / 600
        assert events[-1] == {
            "type": "speech.audio.done",
            "usage": {
                "input_tokens": len(TEXT),
                "output_tokens": frames,
                "total_tokens": len(TEXT) + frames,
            },
        }


class TestNdjson:
    def test_each_line_is_an_event(self):
        answer = post(FakeBackend(pieces=[b"fir", b"st"]), stream_format="ndjson")
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.content == (
            b'{"type":"audio","audio":"Zmly"}\n'
            b'{"type":"audio","audio":"c3Q="}\n'
            b'{"type":"done","usage":{"input_tokens":5,"output_tokens":60,"total_tokens":65}}\n'
        )


class TestContradictions:
    @pytest.mark.parametrize(
        ("fields", "param", "way_out"),
        [
            ({"stream": False}, "stream", 'stream_format "audio"'),
            ({"stream_format": "ndjson", "stream": False}, "stream", 'stream_format "audio"'),
            ({"response_format": "vtt"}, "stream_format", "choose an audio format"),
            ({"stream_format": "audio", "timestamps": "word"}, "timestamps", '"sse" or "ndjson"'),
            ({"stream_format": "audio", "timestamps": "estimate"}, "timestamps", "srt, vtt, json"),
        ],
    )
    def test_they_are_refused_naming_the_way_out(self, fields, param, way_out):
        answer = post(FakeBackend(), **fields)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("invalid_value", param)
        assert way_out in error["message"]


def _fail_on(start):
    def fail(segment, cancellation):
        if segment.text.startswith(start):
            raise RuntimeError("the vocoder is out of breath")

    return fail


@pytest.mark.parametrize("version", ["1.1", "2"])
class TestFailures:
    def test_before_the_first_audio_they_are_errors(self, version):
        with (
            live(FakePlugin(FakeEngine(before=_fail_on("First")))) as server,
            httpx.Client(base_url=server.url, http1=version == "1.1", http2=version == "2") as client,
        ):
            answer = client.post(SPEECH, json={"input": TEXT, "stream_format": "sse"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "stage_failed")

    @pytest.mark.parametrize("stream_format", ["sse", "ndjson"])
    def test_later_they_are_told_and_the_connection_breaks(self, version, stream_format):
        with (
            live(FakePlugin(FakeEngine(before=_fail_on("Third")))) as server,
            httpx.Client(base_url=server.url, http1=version == "1.1", http2=version == "2") as client,
        ):
            body = broken_body(client, stream_format=stream_format, response_format="pcm")
        *audio, last = (sse_events if stream_format == "sse" else ndjson_events)(body)
        assert len(audio_of(audio)) > 10_000
        assert not any(event["type"].endswith("done") for event in audio)
        assert last["type"] == "error"
        assert last["error"]["type"] == "server_error"
        assert last["error"]["code"] == "stage_failed"
        assert set(last["error"]) == {"message", "type", "param", "code"}
        assert "out of breath" not in last["error"]["message"]


class Client:
    """One SSE request at the level of ASGI; `on_body` is called with each piece of the answer."""

    def __init__(self, backend: FakeBackend, on_body: Callable[["Client", bytes], None]) -> None:
        self.app = build_app(backend)
        self.on_body = on_body
        self.bodies: list[bytes] = []
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        body = b'{"input": "Hi", "stream_format": "sse"}'
        self.inbox.put_nowait({"type": "http.request", "body": body, "more_body": False})

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if body := message.get("body", b""):
            self.bodies.append(body)
            self.on_body(self, body)

    async def run(self) -> list[bytes]:
        scope = {"type": "http", "method": "POST", "path": SPEECH, "headers": [], "query_string": b""}
        async with asyncio.timeout(5):
            await self.app({**scope, "http_version": "1.1"}, self.inbox.get, self._send)
        return self.bodies


def test_a_client_that_leaves_stops_the_work():
    backend = FakeBackend()
    backend.gate.clear()
    client = Client(backend, lambda client, _: client.inbox.put_nowait({"type": "http.disconnect"}))
    (sent,) = asyncio.run(client.run())
    assert audio_of(sse_events(sent)) == b"first"
    assert (backend.last.sent, backend.last.closed, backend.left) == (1, True, 1)


def test_an_answer_is_kept_alive_while_a_segment_takes_long(monkeypatch):
    monkeypatch.setattr(answers, "kept_alive", partial(kept_alive, every_s=0.01))
    backend = FakeBackend()
    backend.gate.clear()
    client = Client(backend, lambda _, body: backend.gate.set() if body.startswith(b":") else None)
    sent = asyncio.run(client.run())
    assert sent[1] == b": ping\n\n"
    assert audio_of(sse_events(b"".join(sent))) == b"firstsecondthird"


class TestKeepAlive:
    async def _collect(self, frames, *, enough: int, release: asyncio.Event) -> list[bytes]:
        seen: list[bytes] = []
        async for frame in kept_alive(frames, b": ping\n\n", 0.01):
            seen.append(frame)
            if seen.count(b": ping\n\n") == enough:
                release.set()
        return seen

    def test_a_comment_comes_while_an_event_takes_long_and_nothing_gets_lost(self):
        async def main() -> list[bytes]:
            release = asyncio.Event()

            async def frames():
                yield b"a"
                await release.wait()
                yield b"b"
                yield b"c"

            return await self._collect(frames(), enough=3, release=release)

        seen = asyncio.run(main())
        assert seen == [b"a", *[b": ping\n\n"] * 3, b"b", b"c"]
        assert sse_events(b'data: {"type":"x"}\n\n' + seen[1]) == [{"type": "x"}]

    def test_an_error_comes_through(self):
        async def main() -> list[bytes]:
            async def frames():
                yield b"a"
                raise StageError("infer", "fake", "Fake", RuntimeError("no"))

            return [frame async for frame in kept_alive(frames(), b"", 1.0)]

        with pytest.raises(StageError):
            asyncio.run(main())

    @pytest.mark.parametrize("way", ["closed", "cancelled"])
    def test_what_is_left_early_is_closed_with_no_task_behind(self, way):
        async def main() -> tuple[list[str], int]:
            ended: list[str] = []

            async def frames():
                try:
                    yield b"a"
                    await asyncio.Event().wait()
                finally:
                    ended.append("closed")

            async def read(seen: asyncio.Event) -> None:
                async for frame in kept_alive(frames(), b"ping", 0.01):
                    if frame == b"ping":
                        seen.set()

            if way == "closed":
                stream = kept_alive(frames(), b"ping", 0.01)
                assert [await anext(stream), await anext(stream)] == [b"a", b"ping"]
                await stream.aclose()
            else:
                seen = asyncio.Event()
                task = asyncio.create_task(read(seen))
                await seen.wait()
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
            return ended, len(asyncio.all_tasks())

        assert asyncio.run(main()) == (["closed"], 1)


class TestOpenaiPython:
    """with_streaming_response: the body line by line."""

    def test_iter_lines_gives_the_events(self, url):
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            fields: dict[str, Any] = {
                "model": "gpt-4o-mini-tts",
                "voice": "alloy",
                "input": TEXT,
                "response_format": "wav",
            }
            with client.audio.speech.with_streaming_response.create(
                **fields, stream_format="sse"
            ) as response:
                assert response.headers["content-type"] == "text/event-stream"
                lines = [line for line in response.iter_lines() if line]
            plain = client.audio.speech.create(**fields).content
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert audio_of(events) == plain
        assert [event["type"] for event in events].count("speech.audio.done") == 1
        assert events[-1]["type"] == "speech.audio.done"
        assert sum(list(events[-1]["usage"].values())[:2]) == events[-1]["usage"]["total_tokens"]


class TestLiveKit:
    """livekit-plugins-openai: the content type decides how the body is read, `data: ` lines are events."""

    async def _synthesize(self, url: str, model: str) -> tuple[str, bytes, dict[str, int]]:
        audio = b""
        usage: dict[str, int] = {}
        async with openai.AsyncClient(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            stream_format: Literal["audio", "sse"] = "audio" if model in {"tts-1", "tts-1-hd"} else "sse"
            async with client.audio.speech.with_streaming_response.create(
                input=TEXT, model=model, voice="alloy", response_format="mp3", stream_format=stream_format
            ) as stream:
                media_type = stream.headers["content-type"].split(";")[0].strip().lower()
                if media_type != "text/event-stream":
                    return media_type, b"".join([piece async for piece in stream.iter_bytes()]), usage
                async for line in stream.iter_lines():
                    if line.startswith("data: "):
                        event = json.loads(line[len("data: ") :])
                        audio += base64.b64decode(event.get("audio", ""))
                        usage = event.get("usage", usage)
        return media_type, audio, usage

    def test_both_ways_to_ask_give_the_same_audio(self, url):
        media_type, audio, usage = asyncio.run(self._synthesize(url, "gpt-4o-mini-tts"))
        plain_type, plain, _ = asyncio.run(self._synthesize(url, "tts-1"))
        assert (media_type, plain_type) == ("text/event-stream", "audio/mpeg")
        assert audio == plain
        assert usage["input_tokens"] == len(TEXT)
        assert usage["output_tokens"] > 0


def test_a_voice_alias_of_the_request_is_heard(url):
    answer = httpx.post(
        url + SPEECH, json={"input": "Hi.", "voice": "narrator", "voice_aliases": {"narrator": "onyx"}}
    )
    assert (answer.status_code, answer.headers["koe-voice"]) == (200, "bob")
