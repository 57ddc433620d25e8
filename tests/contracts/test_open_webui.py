"""Open WebUI: the requests that its `routers/audio.py` makes, with the engine "OpenAI"."""

import httpx
import pytest

from tests.contracts.conftest import MIX
from tests.server.audio import decoded


def speech(base_url, payload, **headers):
    """Its request: `{base}/audio/speech`, JSON, a bearer that may be anything."""
    sent = {"Authorization": "Bearer sk-anything", **headers}
    return httpx.post(f"{base_url}/audio/speech", json=payload, headers=sent, timeout=30)


@pytest.mark.parametrize("text", ["Hi.", "How are you today?", "Well,"])
def test_the_body_is_read_whole_and_saved_as_mp3(base_url, tmp_path, text):
    """It sends the message's parts one by one, cut at punctuation, writes `await r.read()` into a file named
    `.mp3`, and serves that file; it names no format."""
    response = speech(base_url, {"input": text, "voice": "alloy", "model": "tts-1"})
    assert response.status_code == 200
    file = tmp_path / "speech.mp3"
    file.write_bytes(response.content)
    assert response.headers["content-type"] == "audio/mpeg"
    assert len(decoded(file.read_bytes(), "mp3")) > 2_400


def test_the_extra_parameters_of_its_settings_are_merged_into_the_body(base_url):
    """`TTS_OPENAI_PARAMS` may hold any JSON: known fields work, unknown ones do no harm and are named."""
    extra = {"speed": 2.0, "chunk_size": 3, "options": {"a": [1]}, "response_format": "mp3"}
    plain = speech(base_url, {"input": "One two three four.", "voice": "alloy", "model": "tts-1"})
    response = speech(base_url, {"input": "One two three four.", "voice": "alloy", "model": "tts-1", **extra})
    assert response.headers["koe-ignored"] == "chunk_size, options"
    assert len(decoded(response.content, "mp3")) < 0.75 * len(decoded(plain.content, "mp3"))


def test_who_asks_may_be_forwarded_in_headers(base_url):
    """With `ENABLE_FORWARD_USER_INFO_HEADERS` it sends the user's name, id, mail address and role."""
    who = {
        "X-OpenWebUI-User-Name": "J%C3%B6rg",
        "X-OpenWebUI-User-Email": "a@b.c",
        "X-OpenWebUI-User-Role": "user",
    }
    assert speech(base_url, {"input": "Hi.", "voice": "alloy", "model": "tts-1"}, **who).status_code == 200


def test_an_error_s_message_is_shown_to_the_user(base_url):
    """It shows `error.message` of the JSON body where the status is not 200."""
    response = speech(base_url, {"input": "Hi.", "voice": "allyo", "model": "tts-1"})
    assert response.status_code == 400
    assert "no voice 'allyo'. Did you mean alloy" in response.json()["error"]["message"]


def test_models_are_listed_without_an_authorization_header(base_url):
    """`GET {base}/audio/models`, no key: it reads `models`, and of each `id`."""
    response = httpx.get(f"{base_url}/audio/models")
    models = response.json()["models"]
    assert {"tts-1", "kokoro"} <= {model["id"] for model in models}
    for model in models:
        assert speech(base_url, {"input": "Hi.", "voice": "alloy", "model": model["id"]}).status_code == 200


def test_voices_are_listed_without_an_authorization_header(base_url):
    """`GET {base}/audio/voices`, no key: it reads `voices`, and of each `id` and `name`."""
    voices = httpx.get(f"{base_url}/audio/voices").json()["voices"]
    shown = {voice["id"]: voice["name"] for voice in voices}
    assert {"af_heart", "alloy", "narrator", "hero"} <= set(shown)
    assert all(isinstance(text, str) and text for pair in shown.items() for text in pair)
    assert len(shown) == len(voices)


def test_every_voice_that_is_shown_can_be_chosen(base_url):
    for voice in httpx.get(f"{base_url}/audio/voices").json()["voices"]:
        response = speech(base_url, {"input": "Hi.", "voice": voice["id"], "model": "tts-1"})
        assert response.status_code == 200, voice


def test_the_listing_says_what_each_name_is(base_url):
    """More keys than Open WebUI reads: language, gender, grade, and what stands behind aliases and mixes."""
    answer = httpx.get(f"{base_url}/audio/voices").json()
    voices = {voice["id"]: voice for voice in answer["voices"]}
    assert voices["af_heart"] | {"description": ""} == {
        "id": "af_heart",
        "name": "af_heart",
        "engine": "kokoro",
        "language": "en-US",
        "gender": "female",
        "grade": "A",
        "description": "",
        "alias_of": None,
        "mix": None,
        "aliases": [],
    }
    assert voices["am_puck"]["aliases"] == ["verse", "hero"]
    assert (voices["hero"]["alias_of"], voices["hero"]["gender"]) == ("am_puck", "male")
    assert (voices["narrator"]["mix"], voices["narrator"]["language"]) == (MIX, "en-US")
    assert answer["refused"] == []
