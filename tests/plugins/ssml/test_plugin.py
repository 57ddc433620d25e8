"""The plugin, and SSML over HTTP."""

import httpx
import pytest
from koe.testing.build import registry_of
from koe.testing.fakes import FakePlugin
from koe_ssml import SsmlConfig, SsmlPlugin

from tests.server.live import live

URL = "/v1/audio/speech"


@pytest.fixture(scope="module")
def url():
    with live(FakePlugin(), SsmlPlugin()) as server:
        yield server.url


@pytest.fixture(scope="module")
def strict_url():
    with live(FakePlugin(), SsmlPlugin(SsmlConfig(mode="strict"))) as server:
        yield server.url


def post(url, document, **fields):
    return httpx.post(
        url + URL, json={"input": document, "markup": "ssml", "response_format": "wav", **fields}
    )


def test_it_registers_the_markup():
    assert set(registry_of(SsmlPlugin()).markup_parsers) == {"ssml"}


def test_what_was_ignored_is_in_the_header(url):
    answer = post(url, '<speak>a<amazon:breath/><prosody contour="x">b</prosody></speak>')
    assert answer.status_code == 200
    assert answer.headers["koe-ignored"] == "amazon:breath, prosody@contour"
    assert "koe-ignored" not in post(url, "<speak>a</speak>").headers


def test_mistakes_are_400_with_line_and_column(url):
    answer = post(url, "<speak>\n a & b</speak>")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == ("input", "invalid_value")
    assert "line 2, column 5" in error["message"]


def test_strict_names_what_it_does_not_do(strict_url):
    answer = post(strict_url, "<speak>a<amazon:breath/></speak>")
    assert answer.status_code == 400
    assert "line 1, column 9" in answer.json()["error"]["message"]
    assert "amazon:breath" in answer.json()["error"]["message"]


def test_too_long_a_document_is_400_with_the_place(url):
    answer = post(url, "<speak>" + "<p>" * 200_000 + "</speak>")
    assert answer.status_code == 400
    assert "line 1, column 200001" in answer.json()["error"]["message"]


def test_words_and_marks_stand_in_the_document(url):
    document = '<speak>Tom &amp; <sub alias="the web">W3</sub><mark name="m"/></speak>'
    answer = post(url, document, response_format="json").json()
    words = [(document[w["start_char"] : w["end_char"]], w["start"]) for w in answer["words"]]
    assert [word for word, _ in words] == ["Tom", "&amp;", "W3"]
    assert [mark["name"] for mark in answer["marks"]] == ["m"]


def test_clips_are_inspected(url):
    body = {"input": '<speak>a<say-as interpret-as="bleep">b</say-as></speak>', "markup": "ssml"}
    parts = httpx.post(url + "/v1/text/inspect", json=body).json()["parts"]
    assert [(part["kind"], part["seconds"]) for part in parts] == [("segment", None), ("clip", 0.3)]
