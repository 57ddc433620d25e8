"""openai-python, the real SDK, against a real server."""

import base64
import json
import threading
import time

import openai
import pytest

from tests.contracts.overload import full_server
from tests.server.audio import decoded
from tests.server.harness import wait_until

TEXT = "Good morning. The quick brown fox jumps over the lazy dog, and runs away! Does it come back?"
FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]


@pytest.fixture
def client(base_url):
    with openai.OpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        yield client


def speak(client, **fields):
    return client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": TEXT, **fields})


def streamed(client, **fields):
    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT, **fields}
    return client.audio.speech.with_streaming_response.create(**fields)


def test_speech_is_read_whole_and_is_mp3_unless_asked_for_otherwise(client, tmp_path):
    """`client.audio.speech.create(...)` returns the whole body; without `response_format` it is mp3."""
    response = speak(client)
    assert response.response.headers["content-type"] == "audio/mpeg"
    response.write_to_file(tmp_path / "speech.mp3")
    assert len(decoded((tmp_path / "speech.mp3").read_bytes(), "mp3")) > 24_000


def test_pcm_is_24_khz_16_bit_mono_without_a_header(client):
    """`response_format="pcm"`: raw 24 kHz s16le mono, as OpenAI documents it."""
    samples = decoded(speak(client, response_format="pcm").content, "pcm")
    wav = decoded(speak(client, response_format="wav").content, "wav")
    assert len(samples) == len(wav) > 24_000


@pytest.mark.parametrize("name", FORMATS)
def test_with_streaming_response_iterates_the_body_as_it_comes(client, name):
    """`with_streaming_response` iterates the HTTP body: chunked transfer is the streaming contract."""
    with streamed(client, response_format=name) as response:
        assert "content-length" not in response.headers
        data = b"".join(response.iter_bytes())
    assert len(decoded(data, name)) > 24_000


@pytest.mark.parametrize("name", FORMATS)
def test_sse_deltas_joined_are_the_body_that_audio_gives(client, name):
    """`stream_format="sse"`: `speech.audio.delta` events with base64 `audio`, then `speech.audio.done`."""
    with streamed(client, response_format=name, stream_format="sse") as response:
        assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
        lines = [line for line in response.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    joined = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    audio = speak(client, response_format=name, stream_format="audio").content
    assert joined == audio
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_a_custom_voice_is_an_object_with_an_id(client):
    """The SDK's `voice` is a string or `{"id": …}`."""
    response = speak(client, voice={"id": "af_bella"})
    assert response.response.headers["koe-voice"] == "af_bella"


@pytest.mark.parametrize(
    "voice", "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
)
def test_openai_s_13_voices_are_voices_of_the_engine(client, voice):
    """The names in the SDK's type of `voice`; each one is another voice."""
    response = speak(client, voice=voice, input="Hello.", response_format="pcm")
    assert len(response.content) > 4_800
    assert response.response.headers["koe-voice"][:3] in ("af_", "am_", "bm_")


def test_saved_mixes_and_aliases_are_voices_too(client):
    for voice, spoken in (("narrator", "af_bella(0.666667)+af_sky(0.333333)"), ("hero", "am_puck")):
        response = speak(client, voice=voice, input="Hello.", response_format="pcm")
        assert response.response.headers["koe-voice"] == spoken


def test_a_request_may_bring_aliases_of_its_own(client):
    """Fields beyond OpenAI's go into the SDK's `extra_body`."""
    aliases = {"hero": "villain", "villain": "narrator(3)-af_bella"}
    response = speak(client, voice="hero", input="Hello.", extra_body={"voice_aliases": aliases})
    assert response.response.headers["koe-voice"] == "af_bella(0.5)+af_sky(0.5)"
    assert speak(client, voice="hero", input="Hello.").response.headers["koe-voice"] == "am_puck"
    with pytest.raises(openai.BadRequestError, match="circle: hero -> villain -> hero") as caught:
        speak(client, voice="hero", extra_body={"voice_aliases": {**aliases, "villain": "hero+af_sky"}})
    assert (caught.value.code, caught.value.param) == ("voice_not_found", "voice")


def test_models_are_listed_and_each_is_retrieved(client):
    """`client.models.list()`, then `client.models.retrieve(id)` for every listed id."""
    models = list(client.models.list())
    assert {"kokoro", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"} <= {model.id for model in models}
    for model in models:
        assert client.models.retrieve(model.id) == model
        assert (model.object, type(model.created), type(model.owned_by)) == ("model", int, str)


@pytest.mark.parametrize(
    ("fields", "kind", "code", "param"),
    [
        ({"voice": "nobody"}, openai.BadRequestError, "voice_not_found", "voice"),
        ({"voice": "af_sky(nan)+alloy"}, openai.BadRequestError, "voice_not_found", "voice"),
        ({"input": "  "}, openai.BadRequestError, "nothing_to_speak", "input"),
        ({"speed": 9.0}, openai.BadRequestError, "invalid_value", "speed"),
        ({"response_format": "mp4"}, openai.BadRequestError, "unsupported_format", "response_format"),
        ({"model": "tts-9"}, openai.NotFoundError, "model_not_found", "model"),
    ],
)
def test_errors_are_the_sdk_s_own_with_code_and_param(client, fields, kind, code, param):
    """The SDK raises by status and takes `message`, `code`, `param` and `type` out of `error`."""
    with pytest.raises(kind) as caught:
        speak(client, **fields)
    error = caught.value
    assert (error.code, error.param, error.type) == (code, param, "invalid_request_error")
    assert error.request_id == error.response.headers["x-request-id"]


def test_every_answer_has_a_request_id(client):
    """The SDK shows `x-request-id` as `_request_id`."""
    assert client.models.list()._request_id
    assert speak(client, input="Hi.").response.headers["x-request-id"]


def release_once_refused(full):
    wait_until(lambda: full.refused, "the first try is refused")
    full.release.set()


def test_a_503_is_retried_after_the_time_that_retry_after_names():
    """The SDK retries 503 and waits as long as `retry-after-ms` says."""
    with full_server() as full, openai.OpenAI(base_url=full.base_url, api_key="x", max_retries=1) as client:
        waiting = threading.Thread(target=release_once_refused, args=[full])
        waiting.start()
        began = time.monotonic()
        response = speak(client, voice="ann", response_format="pcm", input="two.")
        waited = time.monotonic() - began
        waiting.join()
        assert full.refused == 1
    assert len(response.content) == len("two.") * 1200 * 2
    assert waited >= 1.0


def test_without_retries_left_a_503_is_an_error_that_says_when_to_come_back():
    """`InternalServerError` with status 503; `retry-after` is there for the caller's own schedule."""
    with full_server() as full, openai.OpenAI(base_url=full.base_url, api_key="x", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            speak(client, voice="ann")
        assert full.refused == 1
    assert (caught.value.status_code, caught.value.code) == (503, "overloaded")
    assert int(caught.value.response.headers["retry-after"]) >= 1


async def test_the_async_client_streams_too(base_url):
    """`AsyncOpenAI` with `async for … in response.iter_bytes()`."""
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        async with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="verse", input=TEXT, response_format="pcm"
        ) as response:
            pieces = [piece async for piece in response.iter_bytes()]
    assert len(b"".join(pieces)) > 48_000
