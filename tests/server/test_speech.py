import asyncio
import json
from typing import Any
from urllib.parse import unquote

import openai
import pytest
from koe.errors import OverloadedError, StageError, UnsupportedFormatError
from koe.http.app import build_app
from koe.http.bodies import parse_object
from koe.http.responses import ResponseAbortedError
from koe.settings import HttpSettings, Settings
from openai import AsyncOpenAI
from starlette.testclient import TestClient
from starlette.types import Message

from tests.server.fake_server import FakeBackend, limited, serving

SPEECH = "/v1/audio/speech"
JSON = {"content-type": "application/json"}


def post(backend: FakeBackend | None = None, **fields: Any):
    return client(backend).post(SPEECH, json={"input": "Hello", **fields})


def client(backend: FakeBackend | None = None) -> TestClient:
    return TestClient(build_app(backend or FakeBackend()), raise_server_exceptions=False)


def refusal(answer) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return answer.status_code, error["code"], error["param"]


class Exchange:
    """One request at the level of ASGI: what comes in by `receive`, what went out by `send`."""

    def __init__(self, backend: FakeBackend, *bodies: bytes, headers: dict[str, str] | None = None) -> None:
        self.app = build_app(backend)
        self.sent: list[Message] = []
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.received = 0
        self.headers = {**JSON, **(headers or {})}
        for index, body in enumerate(bodies):
            self.inbox.put_nowait(
                {"type": "http.request", "body": body, "more_body": index < len(bodies) - 1}
            )

    async def receive(self) -> Message:
        message = await self.inbox.get()
        self.received += 1
        return message

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def disconnect(self) -> None:
        self.inbox.put_nowait({"type": "http.disconnect"})

    async def run(self) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": SPEECH,
            "raw_path": SPEECH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in self.headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self.app(scope, self.receive, self.send)

    @property
    def status(self) -> object:
        return self.sent[0]["status"]

    @property
    def pieces(self) -> list[bytes]:
        return [message["body"] for message in self.sent[1:] if message["body"]]


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


class TestAnswers:
    def test_a_stream_has_the_formats_type_and_says_who_spoke(self):
        backend = FakeBackend()
        answer = post(backend, voice="af_bella")
        assert answer.status_code == 200
        assert answer.content == b"firstsecondthird"
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.headers["koe-engine"] == "fake"
        assert answer.headers["koe-voice"] == "af_bella"
        assert answer.headers["content-disposition"] == 'inline; filename="speech.mp3"'
        assert answer.headers["server-timing"] == "infer;dur=12.3, encode;dur=1.0"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-length" not in answer.headers
        assert "koe-ignored" not in answer.headers
        assert backend.last.mode == "stream"

    def test_a_whole_answer_has_its_length(self):
        backend = FakeBackend()
        answer = post(backend, stream=False, response_format="wav")
        assert answer.content == b"firstsecondthird"
        assert answer.headers["content-length"] == "16"
        assert answer.headers["content-type"] == "audio/wav"
        assert "x-accel-buffering" not in answer.headers
        assert backend.last.mode == "whole"

    @pytest.mark.parametrize("stream", [True, False])
    def test_the_speech_is_closed_and_left_when_the_answer_is_complete(self, stream):
        backend = FakeBackend()
        post(backend, stream=stream)
        assert (backend.last.closed, backend.left) == (True, 1)

    def test_without_measured_stages_there_is_no_server_timing(self):
        assert "server-timing" not in post(FakeBackend(stage_seconds={})).headers

    def test_pieces_without_bytes_do_not_count_as_first_audio(self):
        exchange = Exchange(FakeBackend(pieces=[b"", b"", b"audio"]), b'{"input": "Hi"}')
        asyncio.run(exchange.run())
        assert exchange.sent[1]["body"] == b"audio"

    @pytest.mark.parametrize("stream", [True, False])
    def test_no_audio_at_all_is_an_error(self, stream):
        answer = post(FakeBackend(pieces=[b""]), stream=stream)
        assert refusal(answer) == (400, "nothing_to_speak", "input")


class TestFields:
    def test_all_of_them_reach_the_engine_room(self):
        backend = FakeBackend()
        post(
            backend,
            input="Grüße",
            model="org/other",
            voice="af_bella(2)+af_sky(1)",
            response_format="pcm",
            speed=1.5,
            stream_format="audio",
            language="de",
            sample_rate=16_000,
            bitrate=64_000,
            volume_db=-3,
            markup="text",
            voice_aliases={"narrator": "af_bella"},
        )
        request = backend.last.request
        assert request.text == "Grüße"
        assert request.engine == "other"
        assert request.voice == "af_bella(2)+af_sky(1)"
        assert request.format == "pcm"
        assert (request.speed, request.volume_db) == (1.5, -3.0)
        assert (request.sample_rate, request.bitrate) == (16_000, 64_000)
        assert (request.language, request.markup) == ("de", "text")
        assert request.voice_aliases == {"narrator": "af_bella"}
        assert request.timestamps == "none"
        assert request.request_id.startswith("req_")

    def test_what_is_left_out_is_the_configured_default(self):
        backend = FakeBackend(settings=Settings(http=HttpSettings(response_format="wav")))
        post(backend)
        request = backend.last.request
        assert (request.format, request.voice, request.engine) == ("wav", "", "")
        assert (request.speed, request.volume_db, request.language) == (1.0, 0.0, None)

    def test_null_counts_as_left_out(self):
        backend = FakeBackend()
        names = "model voice instructions response_format speed stream_format stream language sample_rate"
        answer = post(backend, **dict.fromkeys(names.split()), foo=None)
        assert answer.status_code == 200
        assert "koe-ignored" not in answer.headers
        assert backend.last.request.speed == 1.0

    def test_a_voice_may_be_an_object_with_an_id(self):
        backend = FakeBackend()
        post(backend, voice={"id": "af_bella"})
        assert backend.last.request.voice == "af_bella"

    def test_an_unknown_model_is_404_naming_those_near_it(self):
        answer = post(model="tts-2")
        assert refusal(answer) == (404, "model_not_found", "model")
        assert "'tts-1'" in answer.json()["error"]["message"]


class TestIgnoredFields:
    def test_unknown_fields_and_instructions_are_named(self):
        answer = post(instructions="Cheerfully!", seed=7, top_p=0.5)
        assert answer.status_code == 200
        assert answer.headers["koe-ignored"] == "instructions, seed, top_p"

    def test_hostile_names_cannot_leave_their_header(self):
        names = ["a\r\nset-cookie: x=1", "comma, name", "é\u2028", "", 'quo"te']
        answer = post(None, **dict.fromkeys(names, 1))
        value = answer.headers["koe-ignored"]
        assert "set-cookie" not in answer.headers
        assert value.isascii()
        assert value.isprintable()
        assert [unquote(name) for name in value.split(", ")] == names

    def test_many_and_long_names_stay_short(self):
        answer = post(None, **{f"{'x' * 500}{index}": 1 for index in range(100)})
        shown = answer.headers["koe-ignored"].split(", ")
        assert shown[-1] == "+80"
        assert len(shown) == 21
        assert all(len(name) <= 64 for name in shown)
        assert shown[0].endswith("~")


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "param", "words"),
        [
            ({"input": 5}, "input", "expected a string, given 5"),
            ({"input": None}, "input", "required"),
            ({"input": ["a"]}, "input", "expected a string"),
            ({"speed": "1.5"}, "speed", "expected a number, given '1.5'"),
            ({"speed": True}, "speed", "expected a number, given true"),
            ({"speed": 0.24}, "speed", "from 0.25 to 4"),
            ({"speed": 4.01}, "speed", "from 0.25 to 4"),
            ({"speed": 10**400}, "speed", "finite"),
            ({"volume_db": 21}, "volume_db", "from -60 to 20"),
            ({"voice": 7}, "voice", "expected a string"),
            ({"voice": {"name": "x"}}, "voice.id", "required"),
            ({"voice": {"id": 1}}, "voice.id", "expected a string"),
            ({"voice": "x" * 501}, "voice", "at most 500 characters"),
            ({"voice": {"id": "x" * 501}}, "voice.id", "at most 500 characters"),
            ({"language": "x" * 65}, "language", "at most 64 characters"),
            ({"sample_rate": 16_000.0}, "sample_rate", "expected an integer"),
            ({"sample_rate": 7_999}, "sample_rate", "from 8000 to 48000"),
            ({"bitrate": 5_999}, "bitrate", "from 6000 to 512000"),
            ({"stream": "false"}, "stream", "expected true or false"),
            (
                {"stream_format": "mp3"},
                "stream_format",
                "expected one of 'audio', 'sse', 'ndjson', given 'mp3'",
            ),
            ({"timestamps": "words"}, "timestamps", "did you mean 'word'?"),
            ({"voice_aliases": {"x": 1}}, "voice_aliases.x", "expected a string"),
            ({"voice_aliases": ["x"]}, "voice_aliases", "given ['x']"),
            ({"response_format": 3}, "response_format", "expected a string"),
            ({"instructions": 3}, "instructions", "expected a string"),
            ({"markup": 3}, "markup", "expected a string"),
        ],
    )
    def test_a_wrong_value_is_400_naming_the_field(self, fields, param, words):
        answer = post(**fields)
        assert refusal(answer) == (400, "invalid_value", param)
        assert words in answer.json()["error"]["message"]

    def test_all_mistakes_are_named_at_once(self):
        message = post(speed=9, bitrate="x", stream=1).json()["error"]["message"]
        assert "3 mistakes" in message
        assert all(name in message for name in ("speed", "bitrate", "stream"))

    @pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
    def test_an_empty_text_is_refused(self, text):
        assert refusal(post(input=text)) == (400, "nothing_to_speak", "input")

    def test_a_missing_input_is_refused(self):
        assert refusal(client().post(SPEECH, json={})) == (400, "invalid_value", "input")

    def test_a_long_text_is_refused_naming_the_limit(self):
        backend = FakeBackend(settings=limited(max_characters=10))
        answer = post(backend, input="x" * 11)
        assert refusal(answer) == (400, "text_too_long", "input")
        assert "10" in answer.json()["error"]["message"]
        assert post(backend, input="é" * 10).status_code == 200

    def test_an_unknown_format_is_refused(self):
        assert refusal(post(response_format="mp9")) == (400, "unsupported_format", "response_format")

    @pytest.mark.parametrize(
        ("raw", "words"),
        [
            (b"", "line 1, column 1"),
            (b'{"input": "Hi",\n  "speed": }', "line 2, column 12"),
            (b'{"input": "Hi"} x', "column 17"),
            (b'{"input": "Hi", "speed": NaN}', "NaN"),
            (b'{"input": "Hi", "speed": -Infinity}', "-Infinity"),
            (b'{"input": "Hi", "x": 1e999}', "64-bit float"),
            (b'{"input": "Hi", "x": ' + b"9" * 5000 + b"}", "too many digits"),
            (b'{"input": "Hi", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"input": "\xff"}', "not valid UTF-8 (byte 11)"),
            ('{"input": "Hi"}'.encode("utf-16"), "not valid UTF-8"),
            (b'{"input": "Hi \\ud83d there"}', "input holds half of a surrogate pair (character 3)"),
            (b'{"input": "Hi", "x": [{"y": "\\udc00"}]}', "x holds half of a surrogate pair"),
            (b'{"input": "Hi", "\\ud800": 1}', "A field's name holds half of a surrogate pair"),
            (b'{"input": "Hi", "x": {"\\ud800": 1}}', "x holds half of a surrogate pair"),
            (b"[]", "must be a JSON object, not an array"),
            (b'"Hi"', "not a string"),
            (b"null", "not null"),
            (b"7", "not a number"),
        ],
    )
    def test_a_broken_body_is_400_with_the_place(self, raw, words):
        answer = client().post(SPEECH, content=raw, headers=JSON)
        assert refusal(answer)[:2] == (400, "invalid_value")
        assert words in answer.json()["error"]["message"]

    def test_escaped_surrogate_pairs_and_a_byte_order_mark_are_fine(self):
        backend = FakeBackend()
        raw = b'\xef\xbb\xbf{"input": "Hi \\ud83d\\ude00"}'
        assert client(backend).post(SPEECH, content=raw, headers=JSON).status_code == 200
        assert backend.last.request.text == "Hi \U0001f600"

    def test_the_last_of_two_equal_keys_counts(self):
        assert parse_object(b'{"input": "a", "input": "b"}') == {"input": "b"}

    @pytest.mark.parametrize("nested", [[[[["deep"]]]], {"a": {"b": ["c"]}}])
    def test_moderate_nesting_in_unknown_fields_is_tolerated(self, nested):
        assert post(extra=nested).headers["koe-ignored"] == "extra"

    def test_json_nested_as_deep_as_the_parser_goes_is_no_server_error(self):
        for depth in range(0, 1200, 50):
            raw = b'{"input": "Hi", "x": ' + b"[" * depth + b"1" + b"]" * depth + b"}"
            assert client().post(SPEECH, content=raw, headers=JSON).status_code in {200, 400}


class TestBodies:
    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json", None],
    )
    def test_json_and_unnamed_bodies_are_read(self, content_type):
        headers = {} if content_type is None else {"content-type": content_type}
        assert client().post(SPEECH, content=b'{"input": "Hi"}', headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": ""},
            {**JSON, "content-encoding": "gzip"},
        ],
    )
    def test_other_types_are_415(self, headers):
        answer = client().post(SPEECH, content=b'{"input": "Hi"}', headers=headers)
        assert refusal(answer)[:2] == (415, "unsupported_media_type")

    def test_a_body_declared_too_large_is_413_and_most_of_it_stays_unread(self):
        """64 kB are thrown away for the connection's sake; it ends where more would follow."""
        backend = FakeBackend(settings=limited(max_body_bytes=1000))
        exchange = Exchange(backend, *[b"x" * 65_536] * 100, headers={"content-length": "6553600"})
        asyncio.run(exchange.run())
        assert exchange.status == 413
        assert exchange.received == 1
        assert (b"connection", b"close") in exchange.sent[0]["headers"]

    @pytest.mark.parametrize("declared", [None, "10", "١٠٠٠٠"])
    def test_a_body_that_grows_too_large_is_413_and_read_no_further(self, declared):
        backend = FakeBackend(settings=limited(max_body_bytes=1000))
        headers = {} if declared is None else {"content-length": declared}
        exchange = Exchange(backend, *[b"x" * 300] * 4, *[b"x" * 65_536] * 100, headers=headers)
        asyncio.run(exchange.run())
        assert exchange.status == 413
        assert exchange.received == 5
        assert (b"connection", b"close") in exchange.sent[0]["headers"]

    def test_a_body_at_the_limit_is_read(self):
        raw = json.dumps({"input": "x"}).encode().ljust(1000)
        backend = FakeBackend(settings=limited(max_body_bytes=1000))
        assert client(backend).post(SPEECH, content=raw, headers=JSON).status_code == 200
        answer = client(backend).post(SPEECH, content=raw + b" ", headers=JSON)
        assert refusal(answer) == (413, "body_too_large", None)
        assert "1000" in answer.json()["error"]["message"]

    def test_a_client_that_leaves_amid_its_body_gets_nothing(self):
        async def scenario() -> Any:
            exchange = Exchange(FakeBackend(), b'{"inp', b"")
            exchange.inbox.get_nowait()
            exchange.inbox.get_nowait()
            exchange.inbox.put_nowait({"type": "http.request", "body": b'{"inp', "more_body": True})
            exchange.disconnect()
            await exchange.run()
            return exchange.sent

        assert asyncio.run(scenario()) == []


class TestFailures:
    @pytest.mark.parametrize("stream", [True, False])
    def test_before_the_first_audio_is_a_proper_error(self, stream):
        backend = FakeBackend(pieces=[StageError("infer", "kokoro", "kokoro", OSError("x"))])
        assert refusal(post(backend, stream=stream))[:2] == (500, "stage_failed")
        assert (backend.last.closed, backend.left) == (True, 1)

    def test_an_encoder_may_refuse_before_the_first_audio(self):
        backend = FakeBackend(pieces=[UnsupportedFormatError("no such rate", param="sample_rate")])
        assert refusal(post(backend, sample_rate=44_100)) == (400, "unsupported_format", "sample_rate")

    def test_a_whole_answer_fails_properly_however_late(self):
        backend = FakeBackend(pieces=[b"a", b"b", RuntimeError("late")])
        assert refusal(post(backend, stream=False))[:2] == (500, "internal_error")

    def test_amid_a_stream_it_reaches_the_server_and_the_answer_never_ends(self):
        exchange = Exchange(FakeBackend(pieces=[b"a", b"b", RuntimeError("late")]), b'{"input": "Hi"}')
        with pytest.raises(ResponseAbortedError):
            asyncio.run(exchange.run())
        assert exchange.pieces == [b"a", b"b"]
        assert all(message.get("more_body", True) for message in exchange.sent)

    def test_nothing_is_sent_before_the_first_audio_exists(self):
        async def scenario() -> Any:
            backend = FakeBackend(first_gate=asyncio.Event())
            exchange = Exchange(backend, b'{"input": "Hi"}')
            running = asyncio.create_task(exchange.run())
            await until(lambda: backend.speeches)
            for _ in range(20):
                await asyncio.sleep(0)
            assert exchange.sent == []
            backend.first_gate.set()
            await running
            assert exchange.status == 200

        asyncio.run(scenario())


class TestDisconnects:
    @pytest.mark.parametrize("stream", [True, False])
    def test_before_the_first_audio_the_work_ends_and_nothing_is_sent(self, stream):
        async def scenario() -> Any:
            backend = FakeBackend(first_gate=asyncio.Event())
            exchange = Exchange(backend, json.dumps({"input": "Hi", "stream": stream}).encode())
            running = asyncio.create_task(exchange.run())
            await until(lambda: backend.speeches and backend.last.mode)
            exchange.disconnect()
            await running
            return backend, exchange

        backend, exchange = asyncio.run(scenario())
        assert exchange.sent == []
        assert (backend.last.closed, backend.left) == (True, 1)

    @pytest.mark.parametrize("stream", [True, False])
    def test_amid_the_audio_the_work_ends(self, stream):
        async def scenario() -> Any:
            backend = FakeBackend(gate=asyncio.Event())
            exchange = Exchange(backend, json.dumps({"input": "Hi", "stream": stream}).encode())
            running = asyncio.create_task(exchange.run())
            await until(lambda: backend.speeches and backend.last.sent)
            exchange.disconnect()
            await running
            return backend, exchange

        backend, exchange = asyncio.run(scenario())
        assert exchange.pieces == ([b"first"] if stream else [])
        assert backend.last.sent == 1
        assert (backend.last.closed, backend.left) == (True, 1)


class TestOpenAIClient:
    """The official client over a real socket."""

    @staticmethod
    def ask(backend: FakeBackend, question):
        async def scenario() -> Any:
            async with (
                serving(build_app(backend)) as url,
                AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=1) as api,
            ):
                return await question(api)

        return asyncio.run(scenario())

    def test_it_reads_a_whole_answer(self):
        async def question(api: AsyncOpenAI) -> Any:
            answer = await api.audio.speech.create(input="Hi", model="tts-1", voice="alloy")
            return answer.content

        assert self.ask(FakeBackend(), question) == b"firstsecondthird"

    def test_it_streams_while_audio_is_still_made(self):
        async def question(api: AsyncOpenAI) -> Any:
            pieces = []
            speech = api.audio.speech.with_streaming_response
            async with speech.create(
                input="Hi",
                model="kokoro",
                voice={"id": "alloy"},
                response_format="wav",
                instructions="Softly.",
            ) as answer:
                assert answer.headers["koe-ignored"] == "instructions"
                async for piece in answer.iter_bytes():
                    pieces.append(piece)
                    backend.gate.set()
            return pieces

        async def run(api: AsyncOpenAI) -> Any:
            backend.gate = asyncio.Event()
            return await question(api)

        backend = FakeBackend()
        pieces = self.ask(backend, run)
        assert pieces[0] == b"first"
        assert b"".join(pieces) == b"firstsecondthird"

    def test_it_raises_its_own_errors_with_our_words(self):
        async def question(api: AsyncOpenAI) -> Any:
            with pytest.raises(openai.NotFoundError) as unknown:
                await api.audio.speech.create(input="Hi", model="nope", voice="alloy")
            with pytest.raises(openai.BadRequestError) as wrong:
                await api.audio.speech.create(input="Hi", model="tts-1", voice="alloy", speed=9)
            return unknown.value, wrong.value

        unknown, wrong = self.ask(FakeBackend(), question)
        assert (unknown.code, unknown.param) == ("model_not_found", "model")
        assert (wrong.code, wrong.param) == ("invalid_value", "speed")
        assert wrong.request_id.startswith("req_")

    def test_it_comes_back_after_a_503(self):
        backend = FakeBackend(refusal=OverloadedError("full", retry_after_s=0.001))

        async def question(api: AsyncOpenAI) -> Any:
            async def make_room() -> None:
                await until(lambda: backend.refused)
                backend.refusal = None

            clearing = asyncio.create_task(make_room())
            answer = await api.audio.speech.create(input="Hi", model="tts-1", voice="alloy")
            await clearing
            return answer.content

        assert self.ask(backend, question) == b"firstsecondthird"

    def test_it_lists_models(self):
        async def question(api: AsyncOpenAI) -> Any:
            listed = [model.id async for model in api.models.list()]
            return listed, (await api.models.retrieve("tts-1")).id

        assert self.ask(FakeBackend(), question) == (["kokoro", "tts-1", "org/other"], "tts-1")
