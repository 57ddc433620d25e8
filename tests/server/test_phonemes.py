"""`POST /v1/audio/speech/phonemes`: the engine speaks what was sent, and nothing else."""

import json

import httpx
import numpy as np
import pytest
from koe.testing.fakes import FakeEngine, FakePlugin, symbol_samples

from tests.server.live import live
from tests.text_engine import text_plugin

PATH = "/v1/audio/speech/phonemes"


@pytest.fixture(scope="module")
def engine():
    return FakeEngine(known=frozenset("abcdefghijklmnopqrstuvwxyzˈ .,"))


@pytest.fixture(scope="module")
def url(engine):
    with live(FakePlugin(engine)) as server:
        yield server.url


def post(url, **fields):
    return httpx.post(url + PATH, json={"response_format": "raw", **fields}, timeout=30)


@pytest.mark.parametrize("stream", [True, False])
def test_they_are_spoken_as_they_are(url, engine, stream):
    answer = post(url, phonemes="abˈc Dr".replace("D", "d"), voice="bob", stream=stream)
    assert answer.status_code == 200
    assert answer.headers["koe-voice"] == "bob"
    assert engine.spoken[-1].phonemes == "abˈc dr"
    assert len(answer.content) == sum(len(symbol_samples(symbol)) for symbol in "abˈc dr") * 4
    assert np.abs(np.frombuffer(answer.content, np.float32)).max() == pytest.approx(0.5, abs=0.01)


def test_words_are_timed_in_events(url):
    answer = post(url, phonemes="ab cd.", stream_format="sse", timestamps="word")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    words = [word for event in events if event["type"] == "speech.audio.words" for word in event["words"]]
    assert [(word["text"], word["start_char"], word["end_char"]) for word in words] == [
        ("ab", 0, 2),
        ("cd", 3, 5),
    ]


def test_fields_of_a_speech_request_without_meaning_here_are_named(url):
    answer = post(url, phonemes="ab", markup="tags", input="x", language="de")
    assert answer.headers["koe-ignored"] == "markup, input, language"


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"phonemes": "aʁ"}, 400, "invalid_value", "phonemes"),
        ({"phonemes": "."}, 400, "nothing_to_speak", "phonemes"),
        ({"phonemes": " "}, 400, "nothing_to_speak", "phonemes"),
        ({"phonemes": "a" * 200_001}, 400, "text_too_long", "phonemes"),
        ({"phonemes": "a", "voice": "zoe"}, 400, "voice_not_found", "voice"),
        ({"phonemes": "a", "model": "zoe"}, 404, "model_not_found", "model"),
        ({"phonemes": ["a"]}, 400, "invalid_value", "phonemes"),
        ({}, 400, "invalid_value", "phonemes"),
    ],
)
def test_what_cannot_be_spoken_is_refused(url, fields, status, code, param):
    answer = post(url, **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_an_engine_that_reads_text_says_which_one_can():
    with live(text_plugin()) as server:
        answer = post(server.url, phonemes="ab")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"
    assert "'kokoro'" in answer.json()["error"]["message"]
