"""`POST /v1/watermark/detect` on a real server: answers, refusals, and what hostile uploads do to it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress

import httpx
import pytest
from koe.testing.fakes import FakePlugin
from koe_watermark import Detection, WatermarkConfig, WatermarkPlugin
from koe_watermark.detection_config import DetectConfig
from koe_watermark.detector import Detector
from koe_watermark.perth_detector import PerthDetector
from openapi_spec_validator import validate

from tests.plugins.watermark.speech import encoded, marked, speech, video
from tests.plugins.watermark.test_media import HOSTILE
from tests.server.harness import PATIENCE_S
from tests.server.live import live

PATH = "/v1/watermark/detect"


class Slow(Detector):
    """Waits until it is let go."""

    scheme = "slow"
    sample_rate = 16_000

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def detect(self, blocks):
        self.begun.release()
        assert self.go_on.wait(PATIENCE_S)
        seconds = sum(map(len, blocks)) / 16_000
        return Detection(False, 0.0, 0.5, 0.0, (), seconds, seconds, "slow")


def plugin(detector=None, **settings):
    made = WatermarkPlugin(WatermarkConfig(embed=False, detect=DetectConfig(**settings)))
    if detector is not None:
        vars(made)["_detector"] = lambda: detector
    return made


@pytest.fixture(scope="module")
def server():
    with live(FakePlugin(), plugin()) as running:
        yield running


def post(server, **what):
    return httpx.post(server.url + PATH, timeout=PATIENCE_S, **what)


def error(answer):
    assert answer.headers["x-request-id"]
    return answer.json()["error"]


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_body_that_is_the_file_is_looked_at(server, version):
    with httpx.Client(http1=version == "1.1", http2=version == "2", timeout=PATIENCE_S) as client:
        answer = client.post(server.url + PATH, content=encoded(marked(speech(0)), "mp3", "libmp3lame"))
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert (found["watermarked"], found["scheme"], found["reason"]) == (True, "perth-implicit", None)
    assert set(found) == {field.name for field in Detection.__attrs_attrs__}
    assert set(found["segments"][0]) == {"start", "end", "confidence"}


@pytest.mark.parametrize("media_type", ["audio/flac", "application/octet-stream", "image/png", None])
def test_the_content_type_of_a_raw_body_does_not_matter(server, media_type):
    headers = {} if media_type is None else {"content-type": media_type}
    answer = post(server, content=encoded(speech(0), "flac", "flac"), headers=headers)
    assert answer.json()["watermarked"] is False


def test_a_form_s_file_is_looked_at(server):
    files = {"file": ("speech.wav", encoded(marked(speech(0))), "audio/wav")}
    assert post(server, files=files, data={"note": "other fields are ignored"}).json()["watermarked"] is True


def test_silence_is_no_verdict_with_a_reason(server):
    answer = post(server, content=encoded(0 * speech(0)))
    found = json.loads(answer.text, parse_constant=pytest.fail)
    assert (found["watermarked"], found["reason"]) == (None, "too_short_or_silent")


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ({"content": b""}, 400, "damaged_audio"),
        ({"content": b"text" * 100}, 415, "unsupported_media_type"),
        ({"files": {"sound": b"x"}}, 400, "invalid_value"),
        ({"data": {"file": "text"}, "files": {"x": b""}}, 400, "invalid_value"),
        ({"files": [("file", b"x"), ("file", b"y")]}, 400, "invalid_value"),
        ({"data": {"file": "x"}}, 415, "unsupported_media_type"),
        ({"content": b"x", "headers": {"content-encoding": "gzip"}}, 415, "unsupported_media_type"),
        ({"content": b"x", "headers": {"content-type": "multipart/mixed; boundary=x"}}, 415, None),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "invalid_value"),
        (
            {"content": b"--x\r\nno", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            400,
            "invalid_value",
        ),
    ],
)
def test_bodies_without_a_sound_file_are_refused(server, what, status, code):
    answer = post(server, **what)
    assert answer.status_code == status, answer.text
    assert error(answer)["code"] == (code or "unsupported_media_type")


@pytest.mark.parametrize("name", [*HOSTILE, "film", "half an mp3"])
def test_hostile_uploads_are_refused_and_the_server_goes_on(server, name):
    data = {
        "film": lambda: video(speech(0)),
        "half an mp3": lambda: encoded(speech(0), "mp3", "libmp3lame")[:9_000],
    }.get(name, lambda: HOSTILE[name][0])()
    answer = post(server, content=data)
    assert answer.status_code in {400, 413, 415}, answer.text
    assert answer.elapsed.total_seconds() < 2.0
    assert error(answer)["message"]
    assert httpx.get(server.url + "/health/live").status_code == 200


def test_too_many_bytes_are_refused_before_and_while_they_come():
    def pieces():
        for _ in range(100):
            yield bytes(1_000)

    with live(FakePlugin(), plugin(max_bytes=20_000)) as server:
        declared = post(server, content=bytes(20_001))
        assert (declared.status_code, error(declared)["code"]) == (413, "body_too_large")
        assert "plugins.watermark.detect.max_bytes" in error(declared)["message"]
        assert post(server, files={"file": bytes(100_000)}).status_code == 413
        with suppress(httpx.WriteError):  # the server may close before all was sent
            assert post(server, content=pieces()).status_code == 413
        assert post(server, content=bytes(20_000)).status_code == 415


def test_too_long_audio_is_refused():
    with live(FakePlugin(), plugin(max_audio_s=2.0)) as server:
        answer = post(server, content=encoded(speech(0)))
    assert (answer.status_code, error(answer)["code"]) == (413, "audio_too_long")


def test_an_upload_that_never_ends_is_given_up():
    with live(FakePlugin(), plugin(max_upload_s=0.2)) as server:
        stop = threading.Event()

        def pieces():
            yield b"RIFF"
            stop.wait(PATIENCE_S)

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(post, server, content=pieces())
            with httpx.Client() as other:
                assert other.get(server.url + "/health/live").status_code == 200
            while not answer.done() and not stop.wait(0.5):
                stop.set()
            with suppress(httpx.TransportError):  # the server may close while the client is still sending
                assert answer.result().status_code == 400


def test_when_all_places_are_taken_the_next_is_told_when_to_come_back():
    slow = Slow()
    with live(FakePlugin(), plugin(slow, concurrency=1, queue=1)) as server:
        with ThreadPoolExecutor(4) as pool:
            data = encoded(speech(0))
            sent = [pool.submit(post, server, content=data) for _ in range(4)]
            finished = as_completed(sent, timeout=PATIENCE_S)
            for refused in (next(finished).result(), next(finished).result()):
                assert refused.status_code == 503
                assert error(refused)["code"] == "overloaded"
                assert int(refused.headers["retry-after"]) >= 1
            assert slow.begun.acquire(timeout=PATIENCE_S)
            assert httpx.get(server.url + "/health/ready").status_code == 200
            slow.go_on.set()
            assert sorted(one.result().status_code for one in sent) == [200, 200, 503, 503]
        assert post(server, content=data).status_code == 200


def test_missing_weights_are_a_503_and_never_a_verdict(monkeypatch, tmp_path):
    monkeypatch.setattr("koe_watermark.graphs.cache_folder", lambda: tmp_path)
    monkeypatch.setattr("koe_watermark.weights.find_spec", lambda name: None)
    with live(FakePlugin(), plugin(PerthDetector())) as server:
        answer = post(server, content=encoded(speech(0)))
    assert (answer.status_code, error(answer)["code"]) == (503, "watermark_unavailable")
    assert str(tmp_path) not in answer.text


def test_it_can_be_switched_off():
    with live(FakePlugin(), plugin(enabled=False)) as server:
        assert post(server, content=b"x").status_code == 404


def test_the_openapi_document_describes_it(server):
    document = httpx.get(server.url + "/openapi.json").json()
    validate(document)
    operation = document["paths"][PATH]["post"]
    assert "multipart/form-data" in operation["requestBody"]["content"]
    assert set(operation["responses"]) == {"200", "400", "413", "415", "500", "503"}
    schema = document["components"]["schemas"]["Detection"]
    assert set(schema["properties"]) == {field.name for field in Detection.__attrs_attrs__}
    assert "watermark" in [tag["name"] for tag in document["tags"]]


def test_another_method_is_told_what_is_answered(server):
    answer = httpx.get(server.url + PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
