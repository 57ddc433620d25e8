"""A text of 20,000 characters in one request is spoken whole."""

import httpx
import pytest
from koe.text import Sentences
from koe.types import Segment, VoiceMix

from tests.server.live import KoeServer

_SENTENCES = [
    "The morning began with a thin rain over the harbour.",
    "Nobody in the town remembered when the old clock had stopped, nor did anyone ask.",
    "“You are late,” said the captain, “and the tide will not wait for you!”",
    "Was it the wind, or did somebody call her name?",
    "By noon the market was full of voices, baskets, dogs and children; the fish were gone by two.",
]


@pytest.fixture(scope="module")
def server():
    with KoeServer("--set", "engine.default=espeak") as process:
        yield process.ready()


def _samples(server, text):
    body = {"input": text, "response_format": "pcm"}
    response = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=120)
    assert response.status_code == 200
    return len(response.content) // 2


def test_a_long_text_is_as_long_as_its_sentences(server):
    text = " ".join(_SENTENCES[i % 5] for i in range(300))[:20_000]
    segments = [segment.text for segment in Sentences().normalize(Segment(text, VoiceMix.of("x"), "en"))]
    once = {segment: _samples(server, segment) for segment in set(segments)}
    apart = sum(once[segment] for segment in segments)
    assert len(segments) > 250
    assert _samples(server, text) == pytest.approx(apart, rel=0.02)
    assert apart > 15 * 60 * 24_000
