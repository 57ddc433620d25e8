"""SillyTavern: the TTS provider "OpenAI Compatible", whose server part sends on what the browser asks for."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from attrs import frozen

from tests.server.audio import decoded
from tests.server.harness import PATIENCE_S

BODY = {"input": "She smiled.", "response_format": "mp3", "voice": "alloy", "speed": 1, "model": "tts-1"}


@frozen
class Answer:
    status: int
    media_type: str | None
    content: bytes

    @property
    def error(self):
        return json.loads(self.content)["error"]


def post(url, bearer="", **changed):
    """Its request, with an `Authorization` header also where the user has set no key."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE_S)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
    try:
        connection.request("POST", place.path, json.dumps({**BODY, **changed}), headers)
        response = connection.getresponse()
        return Answer(response.status, response.getheader("content-type"), response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("bearer", ["", "sk-anything"])
def test_the_endpoint_that_the_user_typed_is_posted_to_with_a_bearer_that_may_be_empty(base_url, bearer):
    """The "Provider Endpoint" is a full URL; the key may be left empty."""
    response = post(f"{base_url}/audio/speech", bearer)
    assert (response.status, response.media_type) == (200, "audio/mpeg")
    assert len(decoded(response.content, "mp3")) > 4_800


@pytest.mark.parametrize("voice", ["alloy", "echo", "fable", "onyx", "nova", "shimmer"])
def test_the_voices_that_it_offers_from_the_start_speak(base_url, voice):
    """Its default "Available Voices"."""
    assert post(f"{base_url}/audio/speech", voice=voice).status == 200


@pytest.mark.parametrize("speed", [0.25, 1, 1.05, 4])
def test_the_whole_range_of_its_speed_slider_is_taken(base_url, speed):
    assert post(f"{base_url}/audio/speech", speed=speed).status == 200


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/audio/speech", "/v1/audio/speech/", "/v1/audio/speach", "/v1/speech"]
)
def test_a_wrong_endpoint_is_told_with_the_right_one(server, path):
    """Users type a base URL, or leave `/v1` out: the body says what to type, and no audio comes back."""
    response = post(server.url + path)
    assert response.status in (404, 405)
    assert response.error["code"] in ("not_found", "method_not_allowed")
    if response.status == 404:
        assert "Did you mean /v1/audio/speech" in response.error["message"]


def test_a_voice_that_is_not_there_is_an_error_and_not_another_voice(base_url):
    response = post(f"{base_url}/audio/speech", voice="nobody")
    assert response.status == 400
    assert "no voice 'nobody'" in response.error["message"]


def test_custom_parameters_are_merged_as_text(base_url):
    """Its "Custom Parameters" are pairs of strings: fields that take text work, unknown ones do no harm."""
    assert post(f"{base_url}/audio/speech", language="en-GB", mood="calm").status == 200
    refused = post(f"{base_url}/audio/speech", volume_db="3")
    assert (refused.status, refused.error["param"]) == (400, "volume_db")


def test_spaces_around_a_voice_of_its_list_do_no_harm(base_url):
    """It cuts "alloy, af_heart" at the comma and keeps the space."""
    assert post(f"{base_url}/audio/speech", voice=" af_heart").status == 200
