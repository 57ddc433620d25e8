"""`POST /v1/audio/dialogue`: turns in order, each in its voice, with pauses between."""

import json

import httpx
import numpy as np
import pytest
from koe.testing.fakes import FakeEngine, FakePlugin, symbol_samples

from tests.server.live import live
from tests.text_engine import text_plugin

PATH = "/v1/audio/dialogue"
RATE = 24_000


@pytest.fixture(scope="module")
def engine():
    return FakeEngine()


@pytest.fixture(scope="module")
def url(engine):
    with live(FakePlugin(engine)) as server:
        yield server.url


@pytest.fixture
def spoken(engine):
    engine.spoken.clear()
    return engine.spoken


def post(url, *turns, **fields):
    body = {"response_format": "raw", "turns": turns, **fields}
    return httpx.post(url + PATH, json=body, timeout=60)


def refusal(answer):
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"]


def words_of(answer):
    events = [json.loads(line) for line in answer.text.splitlines()]
    return [word for event in events if event["type"] == "words" for word in event["words"]]


@pytest.mark.parametrize("stream", [True, False])
def test_four_voices_speak_forty_turns_in_order(url, spoken, stream):
    voices = ["ann", "onyx", "eva", "ann(1)+bob(1)"]
    turns = [
        {"voice": voices[number % 4], "text": f"{letter * 3}."}
        for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz" + "abcdefghijklmn")
    ]
    answer = post(url, *turns, pause_s=0.25, stream=stream)
    assert answer.status_code == 200
    resolved = ["ann", "bob", "eva", "ann(0.5)+bob(0.5)"]
    assert [str(one.voice) for one in spoken] == [resolved[number % 4] for number in range(40)]
    assert [one.phonemes for one in spoken] == [turn["text"] for turn in turns]
    silence = np.zeros(round(0.25 * RATE), np.float32)
    dot = np.zeros(len(symbol_samples(".")), np.float32)
    expected = [
        part
        for number, one in enumerate(spoken)
        for part in ([silence] if number else []) + [symbol_samples(one.phonemes[0])] * 3 + [dot]
    ]
    assert np.array_equal(np.frombuffer(answer.content, np.float32), np.concatenate(expected))


def test_text_may_be_called_input_and_null_counts_as_left_out(url, spoken):
    turns = ({"input": "Ab.", "text": None, "voice": {"id": "bob"}}, {"text": "Cd.", "speed": None})
    assert post(url, *turns, voice="eva", speed=2.0).status_code == 200
    assert [(str(one.voice), one.prosody.rate) for one in spoken] == [("bob", 2.0), ("eva", 2.0)]


def test_turns_may_be_written_in_a_markup(url, spoken):
    answer = post(url, {"text": "[voice:eva]Ab"}, {"text": "Cd"}, markup="tags", voice="ann")
    assert answer.status_code == 200
    assert [str(one.voice) for one in spoken] == ["eva", "ann"]


def test_words_name_their_turn_and_their_place_in_it(url):
    answer = post(url, {"text": "Ab cd."}, {"text": "Ef."}, stream_format="ndjson", timestamps="word")
    keys = ("text", "start_char", "end_char", "turn", "turn_start_char", "turn_end_char")
    assert [tuple(word[key] for key in keys) for word in words_of(answer)] == [
        ("Ab", 0, 2, 0, 0, 2),
        ("cd", 3, 5, 0, 3, 5),
        ("Ef", 7, 9, 1, 0, 2),
    ]


def test_captions_have_the_words_of_all_turns(url):
    answer = post(url, {"text": "Ab."}, {"text": "Ef."}, response_format="json", pause_s=1.0)
    assert answer.json()["text"] == "Ab.\nEf."
    assert [(word["text"], word["turn"], word["start"]) for word in answer.json()["words"]] == [
        ("Ab", 0, 0.0),
        ("Ef", 1, 1.15),
    ]


def test_what_an_engine_cannot_do_in_a_later_turn_is_named_before_the_first_is_sent():
    with live(text_plugin()) as server:
        answer = post(server.url, {"text": "Ab."}, {"text": "[cd](/x/)"}, markup="tags")
    assert answer.headers["koe-ignored"] == "phonemes"


HI = {"text": "Hi."}


@pytest.mark.parametrize(
    ("turns", "fields", "code", "param"),
    [
        ([HI, HI, HI, {"text": "Hi.", "voice": "zoe"}], {}, "voice_not_found", "turns[3].voice"),
        ([HI, {"text": " "}], {}, "nothing_to_speak", "turns[1].text"),
        ([HI, {"text": ""}], {}, "nothing_to_speak", "turns[1].text"),
        ([HI, {"voice": "ann"}], {}, "invalid_value", "turns[1].text"),
        ([{"text": "a", "input": "b"}], {}, "invalid_value", "turns[0].text"),
        ([HI, {"text": "Hi [pause:x]"}], {"markup": "tags"}, "invalid_value", "turns[1].text"),
        ([HI, {"text": "Hi", "language": "xx"}], {}, "unsupported_language", "turns[1].language"),
        ([HI, {"text": "Hi", "speed": 5}], {}, "invalid_value", "turns[1].speed"),
        ([HI, {"text": "Hi", "speed": 4}], {"speed": 2}, "invalid_value", "turns[1].speed"),
        ([HI, {"text": "Hi", "spead": 2}], {}, "invalid_value", "turns[1].spead"),
        ([HI, "Hi"], {}, "invalid_value", "turns[1]"),
        ([HI] * 1001, {}, "invalid_value", "turns"),
        ([{"text": "a" * 100_000}] * 3, {}, "text_too_long", "turns"),
        ([{"text": "."}, {"text": ","}], {}, "nothing_to_speak", "turns"),
        ([], {}, "nothing_to_speak", "turns"),
        ([HI], {"pause_s": 31}, "invalid_value", "pause_s"),
        ([HI], {"pause_s": -0.1}, "invalid_value", "pause_s"),
        ([HI], {"voice": "zoe"}, "voice_not_found", "voice"),
        ([HI], {"markup": "zoe"}, "invalid_value", "markup"),
        ([HI], {"voice_aliases": {"a": "b", "b": "a"}, "voice": "a"}, "voice_not_found", "voice"),
    ],
)
def test_mistakes_are_400_and_name_the_turn(url, spoken, turns, fields, code, param):
    assert refusal(post(url, *turns, **fields)) == (400, code, param)
    assert spoken == []


def test_turns_are_required(url):
    answer = httpx.post(url + PATH, json={"input": "Hi."})
    assert refusal(answer) == (400, "invalid_value", "turns")
