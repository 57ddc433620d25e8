"""`POST /v1/text/inspect`: every step of a text, without speaking it."""

import httpx
import pytest
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.live import live

PATH = "/v1/text/inspect"


@pytest.fixture(scope="module")
def engine():
    return FakeEngine()


@pytest.fixture(scope="module")
def url(engine):
    with live(FakePlugin(engine)) as server:
        yield server.url


def post(url, **fields):
    return httpx.post(url + PATH, json=fields, timeout=30)


def test_it_shows_every_step_with_offsets_and_who_did_it(url, engine):
    answer = post(url, input="Ab. [pause:1s]Cd.", voice="onyx", markup="tags", speed=1.5)
    assert answer.status_code == 200
    found = answer.json()
    assert {name: found[name] for name in ("engine", "accepts", "voice", "language", "ignored")} == {
        "engine": "fake",
        "accepts": "phonemes",
        "voice": "bob",
        "language": "en-GB",
        "ignored": [],
    }
    assert found["markup"] == {"stage": "markup", "component": "tags", "plugin": "TextPlugin"}
    first, pause, _ = found["parts"]
    assert (pause["kind"], pause["seconds"], pause["source"]["text"]) == ("pause", 1.0, "[pause:1s]")
    assert (first["kind"], first["rate"]) == ("segment", 1.5)
    assert first["steps"] == [
        {
            "by": {"stage": "normalize", "component": "sentences", "plugin": "TextPlugin"},
            "applied": True,
            "texts": [{"text": "Ab.", "source": {"start": 0, "end": 3, "text": "Ab."}}],
            "given": [],
            "notes": [],
            "entries": [],
            "inserted": [],
        }
    ]
    assert first["segments"] == [
        {
            "text": "Ab",
            "phonemes": "ab.",
            "source": {"start": 0, "end": 2, "text": "Ab"},
            "by": {"stage": "phonemize", "component": "letters", "plugin": "FakePlugin"},
            "symbols": 3,
            "limit": 200,
            "boundary": ".",
            "unknown_symbols": [],
            "words": [
                {
                    "text": "Ab",
                    "phonemes": "ab",
                    "tail": ".",
                    "source": {"start": 0, "end": 2, "text": "Ab"},
                }
            ],
        }
    ]
    assert engine.spoken == []


def test_the_body_of_a_speech_request_is_taken_and_what_concerns_audio_is_named(url):
    answer = post(url, input="Hi.", response_format="mp3", stream=True, language=None)
    assert answer.status_code == 200
    assert answer.headers["koe-ignored"] == "response_format, stream"


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"input": "x" * 5_001}, 400, "text_too_long", "input"),
        ({"input": " "}, 400, "nothing_to_speak", "input"),
        ({"input": "[pause:x]", "markup": "tags"}, 400, "invalid_value", "input"),
        ({"input": "Hi.", "markup": "zoe"}, 400, "invalid_value", "markup"),
        ({"input": "Hi.", "voice": "zoe"}, 400, "voice_not_found", "voice"),
        ({"input": "Hi.", "language": "xx"}, 400, "unsupported_language", "language"),
        ({"input": "Hi.", "model": "zoe"}, 404, "model_not_found", "model"),
        ({"input": "Hi.", "speed": 5}, 400, "invalid_value", "speed"),
        ({}, 400, "invalid_value", "input"),
    ],
)
def test_what_cannot_be_inspected_is_refused(url, fields, status, code, param):
    answer = post(url, **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_only_post_is_answered(url):
    assert httpx.get(url + PATH).status_code == 405
