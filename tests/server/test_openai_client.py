"""openai-python: every format, whole and streamed, from both engines, decodes to the full length."""

import openai
import pytest
from koe.testing.tiny_model import write_tiny_model

from tests.server.audio import FRAME_SAMPLES, decoded
from tests.server.live import KoeServer

TEXT = "Good morning. The quick brown fox jumps over the lazy dog, and runs away! Does it come back?"
FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", params=["kokoro", "espeak"])
def server(request, tiny, tmp_path_factory):
    options = ["--set", f"engine.default={request.param}", "--set", "plugins.kokoro.dir=" + str(tiny.dir)]
    with KoeServer(*options, KOE_MODEL_DIR=str(tmp_path_factory.mktemp("none"))) as process:
        yield process.ready(), request.param


@pytest.fixture
def client(server):
    process, _ = server
    with openai.OpenAI(base_url=f"{process.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def _pcm(client, **fields):
    response = client.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format="pcm", **fields
    )
    return decoded(response.content, "pcm")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("way", ["whole", "streamed", "with_streaming_response"])
def test_each_format_has_the_length_of_the_pcm(client, server, name, way):
    expected = len(_pcm(client))
    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": name}
    if way == "with_streaming_response":
        with client.audio.speech.with_streaming_response.create(**fields) as response:
            pieces = list(response.iter_bytes())
            headers = response.headers
    else:
        response = client.audio.speech.create(**fields, extra_body={"stream": way == "streamed"})
        pieces, headers = [response.content], response.response.headers
    assert headers["koe-engine"] == server[1]
    samples = decoded(b"".join(pieces), name)
    assert expected > 24_000
    assert expected - 1 <= len(samples) <= expected + FRAME_SAMPLES[name]


def test_a_stream_arrives_in_pieces(client):
    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT * 5, "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**fields) as response:
        assert "content-length" not in response.headers
        assert len(list(response.iter_bytes())) > 1


def test_a_whole_wav_has_the_right_length_in_its_header(client):
    import io
    import wave

    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "wav"}
    data = client.audio.speech.create(**fields, extra_body={"stream": False}).content
    with wave.open(io.BytesIO(data)) as wav:
        assert wav.getnframes() == len(_pcm(client))
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (1, 24_000, 2)


@pytest.mark.parametrize(
    "voice", "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
)
def test_the_13_openai_voices_speak(client, voice):
    response = client.audio.speech.create(model="tts-1", voice=voice, input="Hello.", response_format="pcm")
    assert len(response.content) > 4_800
    assert response.response.headers["koe-voice"] != ""


def test_speed_changes_the_length(client):
    normal = len(_pcm(client))
    assert len(_pcm(client, speed=2.0)) == pytest.approx(normal / 2, rel=0.12)
    assert len(_pcm(client, speed=4.0)) == pytest.approx(normal / 4, rel=0.2)
    assert len(_pcm(client, speed=0.25)) == pytest.approx(normal * 4, rel=0.12)


def test_errors_are_the_client_s_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="nobody", input="Hi.")
    assert (caught.value.code, caught.value.param) == ("voice_not_found", "voice")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.audio.speech.create(model="gpt-5", voice="alloy", input="Hi.")
    assert unknown.value.code == "model_not_found"
    assert unknown.value.response.headers["x-request-id"]


def test_models_are_listed_and_found(client):
    names = [model.id for model in client.models.list()]
    assert {"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"} <= set(names)
    assert [client.models.retrieve(name).id for name in names] == names
