import time

import pytest
from koe import __version__
from koe.http.app import build_app
from koe.http.backend import Readiness
from koe.registry import PluginState
from starlette.testclient import TestClient

from tests.server.fake_server import FakeBackend, limited


def get(path: str, backend: FakeBackend | None = None):
    return TestClient(build_app(backend or FakeBackend())).get(path)


class TestModels:
    def test_the_list_has_openais_shape(self):
        before = int(time.time())
        answer = get("/v1/models").json()
        assert answer["object"] == "list"
        assert [model["id"] for model in answer["data"]] == ["kokoro", "tts-1", "org/other"]
        assert all(model["object"] == "model" and model["owned_by"] == "koe" for model in answer["data"])
        assert before <= answer["data"][0]["created"] <= int(time.time())

    def test_every_listed_id_is_answered_alone(self):
        http = TestClient(build_app(FakeBackend()))
        for model in http.get("/v1/models").json()["data"]:
            assert http.get(f"/v1/models/{model['id']}").json() == model

    def test_an_unknown_id_is_404_with_the_known_ones(self):
        answer = get("/v1/models/tts-9")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"
        assert "'tts-1'" in answer.json()["error"]["message"]

    def test_an_id_that_is_empty_is_unknown_too(self):
        answer = get("/v1/models/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")

    def test_open_webui_gets_its_shape(self):
        assert get("/v1/audio/models").json()["models"][0] == {
            "id": "kokoro",
            "name": "kokoro",
            "engine": "fake",
        }


class TestVoices:
    def test_the_default_engines_voices_come_first_then_aliases_that_hide_no_voice(self):
        voices = get("/v1/audio/voices").json()["voices"]
        assert [voice["id"] for voice in voices] == ["af_heart", "af_bella", "alloy"]
        assert all(voice["name"] == voice["id"] for voice in voices)
        assert voices[0]["language"] == "en-US"
        assert voices[0]["gender"] == "female"
        assert voices[0]["grade"] == "A"
        assert [voice["alias_of"] for voice in voices] == [None, None, "af_heart"]

    def test_another_models_voices_are_asked_for_by_its_name(self):
        voices = get("/v1/audio/voices?model=org/other").json()["voices"]
        assert [(voice["id"], voice["engine"]) for voice in voices] == [("en", "other"), ("de", "other")]

    def test_the_voices_of_an_unknown_model_are_404(self):
        answer = get("/v1/audio/voices?model=nobody")
        assert answer.status_code == 404
        assert answer.json()["error"]["param"] == "model"


class TestCapabilities:
    def test_they_say_what_is_really_in_use(self):
        engines = get("/v1/capabilities").json()["engines"]
        assert engines[0] == {
            "name": "fake",
            "default": True,
            "sample_rate": 24_000,
            "model": "fake.onnx",
            "precision": "fp32",
            "execution_provider": "CPUExecutionProvider",
            "languages": ["en-US"],
            "times_words": True,
            "detail": {"threads": 2},
            "model_state": "loaded",
        }
        assert [engine["default"] for engine in engines] == [True, False]
        assert [engine["times_words"] for engine in engines] == [True, False]

    def test_they_list_formats_languages_markup_and_models(self):
        answer = get("/v1/capabilities").json()
        assert answer["version"] == __version__
        assert [one["name"] for one in answer["formats"]] == ["mp3", "wav", "pcm"]
        assert answer["formats"][1]["media_type"] == "audio/wav"
        assert answer["captions"][0] == {
            "name": "srt",
            "media_type": "application/x-subrip",
            "extension": "srt",
        }
        assert answer["stream_formats"] == ["audio", "sse", "ndjson"]
        assert answer["languages"] == ["de", "en-GB", "en-US"]
        assert answer["markup"] == ["text"]
        assert answer["models"]["org/other"] == "other"

    def test_they_state_the_configured_limits(self):
        answer = get("/v1/capabilities", FakeBackend(settings=limited(max_characters=77, max_queued=3)))
        assert answer.json()["limits"]["max_characters"] == 77
        assert answer.json()["limits"]["max_queued"] == 3

    def test_they_name_the_plugins_without_what_went_wrong_inside(self):
        states = [
            PluginState("text", "active", "koe", "0.1.0"),
            PluginState("bad", "failed", "koe-bad", "2", "ImportError: secret"),
        ]
        answer = get("/v1/capabilities", FakeBackend(states=states))
        assert answer.json()["plugins"][1] == {
            "name": "bad",
            "distribution": "koe-bad",
            "version": "2",
            "state": "failed",
        }
        assert "secret" not in answer.text


class TestHealth:
    def test_a_ready_server_says_so(self):
        backend = FakeBackend(ready=Readiness(ready=True, model_state={"fake": "unloaded"}))
        assert get("/health/ready", backend).json() == {
            "ready": True,
            "reasons": [],
            "model_state": {"fake": "unloaded"},
        }
        assert get("/health").json() == {
            "status": "ok",
            "ready": True,
            "engine": "fake",
            "version": __version__,
        }

    def test_an_unready_server_is_503_with_its_reasons_but_alive(self):
        backend = FakeBackend(ready=Readiness(ready=False, reasons=("draining",)))
        answer = get("/health/ready", backend)
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "reasons": ["draining"], "model_state": {}}
        assert get("/health/live", backend).status_code == 200
        assert get("/health", backend).status_code == 200
        assert get("/health", backend).json()["status"] == "unavailable"

    @pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/status"])
    def test_no_cache_keeps_what_changes(self, path):
        assert get(path).headers["cache-control"] == "no-store"

    def test_status_counts_requests_and_names_plugin_errors(self):
        states = [PluginState("bad", "failed", "koe-bad", "2", "it broke")]
        answer = get("/status", FakeBackend(states=states)).json()
        assert answer["requests"] == {
            "running": 1,
            "queued": 2,
            "stalled": 1,
            "completed": 3,
            "failed": 4,
            "cancelled": 5,
            "refused": 6,
            "load": 0.5,
        }
        assert answer["plugin_errors"] == {"bad": "it broke"}
        assert answer["uptime_s"] >= 0


class TestEntrances:
    @pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
    def test_a_warming_get_is_answered_with_the_way(self, path):
        assert get(path).json() == {
            "name": "koe",
            "version": __version__,
            "speech": "/v1/audio/speech",
            "docs": "/docs",
            "openapi": "/openapi.json",
        }

    @pytest.mark.parametrize("path", ["/", "/v1/", "/v1/models", "/v1/audio/voices", "/health", "/docs"])
    def test_head_is_answered_like_get(self, path):
        http = TestClient(build_app(FakeBackend()))
        assert http.head(path).status_code == 200
        assert http.head(path).headers["content-length"] == http.get(path).headers["content-length"]
