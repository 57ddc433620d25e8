"""LiteLLM: what its proxy and router read of an OpenAI-compatible speech server's answers."""

import httpx
import pytest

from tests.contracts.overload import full_server

BODY = {"model": "tts-1", "input": "Hi.", "voice": "alloy"}


def post(base_url, **changed):
    headers = {"Authorization": "Bearer none", "x-request-id": "litellm-1"}
    return httpx.post(f"{base_url}/audio/speech", json={**BODY, **changed}, headers=headers, timeout=30)


@pytest.mark.parametrize("changed", [{"voice": "nobody"}, {"model": "tts-9"}, {"speed": 0}, {"input": ""}])
def test_every_error_is_openai_s_envelope(base_url, changed):
    """It maps errors by status and passes on `message`, `type`, `param` and `code`."""
    response = post(base_url, **changed)
    assert response.status_code in (400, 404)
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_the_request_id_of_the_proxy_is_kept(base_url):
    """The id that it logs is found in koe's log, too."""
    assert post(base_url).headers["x-request-id"] == "litellm-1"
    assert post(base_url, voice="nobody").headers["x-request-id"] == "litellm-1"


def test_an_overloaded_server_says_when_to_come_back():
    """Its router cools a deployment down for as long as `retry-after` says."""
    with full_server() as full:
        response = post(full.base_url, voice="ann")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert int(response.headers["retry-after-ms"]) >= 1
    assert response.json()["error"]["code"] == "overloaded"


def test_fields_that_are_null_count_as_left_out(base_url):
    """It sends parameters that nobody set as `null`."""
    response = post(base_url, response_format=None, speed=None, instructions=None, language=None)
    assert (response.status_code, response.headers["content-type"]) == (200, "audio/mpeg")
    assert "koe-ignored" not in response.headers
