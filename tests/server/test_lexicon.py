"""The field `lexicon`: how words are spoken, for one request or session."""

import httpx
import pytest
from attrs import evolve
from koe.settings import LexiconSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.live import live
from tests.server.stream_client import session
from tests.text_engine import text_plugin

SPEECH = "/v1/audio/speech"
INSPECT = "/v1/text/inspect"


@pytest.fixture(scope="module")
def engine():
    return FakeEngine(known=frozenset("abcdefghijklmnopqrstuvwxyz ."))


@pytest.fixture(scope="module")
def url(engine):
    configured = evolve(FAKE_SETTINGS, lexicon=LexiconSettings(words={"nginx": "/mint/"}))
    with live(FakePlugin(engine), settings=configured) as server:
        yield server.url


@pytest.fixture
def spoken(engine):
    engine.spoken.clear()
    return engine.spoken


def post(url, path=SPEECH, **fields):
    return httpx.post(url + path, json={"input": "nginx", **fields}, timeout=30)


@pytest.mark.parametrize(
    ("lexicon", "heard"),
    [
        (None, "mint"),
        ({}, "mint"),
        ({"nginx": "/bit/"}, "bit"),
        ({"nginx": "engine ex"}, "engine ex"),
        ([{"word": "NGINX", "ipa": "bit"}], "bit"),
        ([{"word": "NGINX", "ipa": "bit", "case": "exact"}], "mint"),
        ([{"word": "nginx", "ipa": "bit", "language": "de"}], "mint"),
    ],
)
def test_a_request_may_say_how_words_are_spoken(url, spoken, lexicon, heard):
    answer = post(url, lexicon=lexicon, response_format="raw")
    assert (answer.status_code, "koe-ignored" in answer.headers) == (200, False)
    assert [one.phonemes for one in spoken] == [heard]


def test_turns_captions_and_inspections_hear_it_too(url, spoken):
    lexicon = {"nginx": "/bit/"}
    turns = [{"text": "nginx"}, {"text": "nginx"}]
    answer = httpx.post(url + "/v1/audio/dialogue", json={"turns": turns, "lexicon": lexicon}, timeout=30)
    assert answer.status_code == 200
    assert [one.phonemes for one in spoken] == ["bit", "bit"]
    captions = post(url, lexicon=lexicon, response_format="json").json()
    assert [word["text"] for word in captions["words"]] == ["nginx"]
    step = post(url, INSPECT, lexicon=lexicon).json()["parts"][0]["steps"][0]
    assert step["by"] == {"stage": "normalize", "component": "lexicon", "plugin": "koe"}
    assert step["entries"] == [
        {
            "text": "nginx",
            "word": "nginx",
            "heard": "bit",
            "origin": "lexicon of the request",
            "source": {"start": 0, "end": 5, "text": "nginx"},
        }
    ]


@pytest.mark.parametrize("path", [SPEECH, INSPECT])
@pytest.mark.parametrize(
    ("lexicon", "param", "reason"),
    [
        ("nginx", "lexicon", "expected a mapping of names to strings or a list of mappings"),
        ({"nginx": 1}, "lexicon.nginx", "expected a string"),
        ({"nginx": ""}, "lexicon.nginx", "needs ipa or say"),
        ({"": "x"}, 'lexicon.""', "must not be empty"),
        ({"nginx": "x" * 201}, "lexicon.nginx", "at most 200 characters, has 201"),
        ({"x" * 101: "y"}, f'lexicon."{"x" * 60}…"', "at most 100 characters"),
        ([{"word": "nginx"}], "lexicon[0]", "needs ipa or say"),
        ([{"word": "a", "say": "b"}, {"word": "c", "sey": "b"}], "lexicon[1].sey", "unknown key"),
        ([{"word": "a", "say": "b", "case": "Exact"}], "lexicon[0].case", "did you mean 'exact'"),
        (
            [{"word": "a", "say": "b", "part_of_speech": "noun"}],
            "lexicon[0].part_of_speech",
            "needs a language",
        ),
        (
            [{"word": "a", "say": "b", "language": "en", "part_of_speech": "noun"}],
            "lexicon",
            "no phonemizer of pipeline.phonemize tells",
        ),
        ({"nginx": "/ʘ/"}, "lexicon", "no phoneme symbol 'ʘ'"),
        ({f"w{n}": "x" for n in range(501)}, "lexicon", "501 entries; the limit is 500. Send those"),
        ([{"word": "a", "say": "b"}] * 20_000, "lexicon", "20000 entries; the limit is 500"),
        ([{"word": "a", "say": "b"}] * 2, "lexicon[1]", "stands already at"),
    ],
)
def test_mistakes_name_the_entry_the_limit_and_the_way_out(url, path, lexicon, param, reason):
    answer = post(url, path, lexicon=lexicon)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_value", param)
    assert reason in error["message"]


def test_phonemes_are_not_looked_up_and_say_so(url, spoken):
    body = {"phonemes": "nginx", "lexicon": {"nginx": "/bit/"}, "response_format": "raw"}
    answer = httpx.post(url + SPEECH + "/phonemes", json=body, timeout=30)
    assert (answer.status_code, answer.headers["koe-ignored"]) == (200, "lexicon")
    assert [one.phonemes for one in spoken] == ["nginx"]


def test_an_engine_that_reads_text_names_what_it_cannot_be_told():
    with live(text_plugin()) as server:
        answer = post(server.url, lexicon={"nginx": "/bit/"}, response_format="raw")
        assert answer.headers["koe-ignored"] == "lexicon"
        answer = post(server.url, lexicon={"nginx": "engine ex"}, response_format="raw")
        assert "koe-ignored" not in answer.headers


def test_a_session_of_the_websocket_may_say_it(url, spoken):
    with session(url, lexicon={"nginx": "/bit/"}) as client:
        client.say("nginx")
        client.send("input.flush")
        client.utterance()
        client.send("session.config", lexicon={"nginx": ""})
        assert client.event()["error"]["param"] == "lexicon.nginx"
        client.send("session.config", lexicon=None)
        client.say("nginx")
        client.send("input.flush")
        client.utterance()
    assert [one.phonemes for one in spoken] == ["bit", "mint"]
