"""What fails is visible as a failure: before the first audio as an error, after it as a broken connection."""

import httpx
import pytest
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.live import live

BODY = {"input": "First one. Second one. Third one. Fourth one.", "response_format": "wav"}


def _failing_on(start):
    def fail(segment, cancellation):
        if segment.text.startswith(start):
            raise RuntimeError("the vocoder is out of breath")

    return FakePlugin(FakeEngine(before=fail))


@pytest.fixture(params=["1.1", "2"])
def version(request):
    return request.param


def _client(server, version):
    return httpx.Client(base_url=server.url, http1=version == "1.1", http2=version == "2", timeout=30)


def test_a_failure_before_the_first_audio_is_an_openai_error(version):
    with live(_failing_on("First")) as server, _client(server, version) as client:
        response = client.post("/v1/audio/speech", json=BODY)
    assert response.status_code == 500
    error = response.json()["error"]
    assert (error["type"], error["code"]) == ("server_error", "stage_failed")
    assert "fake" in error["message"]


def test_a_failure_in_the_third_segment_breaks_the_connection(version):
    with live(_failing_on("Third")) as server, _client(server, version) as client:
        received = b""
        with (
            pytest.raises(httpx.RemoteProtocolError),
            client.stream("POST", "/v1/audio/speech", json=BODY) as response,
        ):
            assert response.status_code == 200
            for piece in response.iter_raw():
                received += piece
    assert received[:4] == b"RIFF"


def test_a_failure_in_the_third_segment_of_a_whole_answer_is_an_error(version):
    with live(_failing_on("Third")) as server, _client(server, version) as client:
        response = client.post("/v1/audio/speech", json={**BODY, "stream": False})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "stage_failed"


def test_other_requests_go_on(version):
    with live(_failing_on("Third")) as server, _client(server, version) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/v1/audio/speech", json=BODY)
        assert client.post("/v1/audio/speech", json={**BODY, "input": "Fine."}).status_code == 200
