"""Eight clients with fifty different texts each: every phoneme string is the one made alone."""

from concurrent.futures import ThreadPoolExecutor

import httpx
from koe.api import Plugin, hookimpl
from koe.settings import EngineSettings, LimitsSettings, Settings
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_espeak import EspeakConfig, EspeakPlugin

from tests.server.live import live

_SUBJECTS = (
    "the old captain,a small dog,my neighbour,every child,the wind,our teacher,nobody,a famous singer"
).split(",")
_VERBS = "walked,read,sang,thought,wound,recorded,lived".split(",")
_PLACES = (
    "near the sea,in 1984,at the market,behind the house,on Wednesday,through the night,for $3.50,"
    "with Dr. Smith"
).split(",")


def _texts():
    texts = [f"{s} {v} {p}." for s in _SUBJECTS for v in _VERBS for p in _PLACES]
    return [f"{text[0].upper()}{text[1:]}" for text in texts[:400]]


class Recorder(Plugin):
    """Notes the phonemes of every request, by its request id."""

    def __init__(self):
        super().__init__()
        self.phonemes = {}

    @hookimpl
    def segment_synthesized(self, event):
        self.phonemes.setdefault(event.request_id, []).append((event.index, event.phonemes))


def test_no_text_gets_another_s_phonemes():
    texts = _texts()
    assert len(set(texts)) == 400
    recorder = Recorder()
    settings = Settings(
        engine=EngineSettings(default="fake"),
        limits=LimitsSettings(max_concurrent=8, max_queued=400, queue_timeout_s=60),
    )
    engine = FakePlugin(FakeEngine())
    with live(engine, EspeakPlugin(EspeakConfig()), recorder, settings=settings) as server:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for number, text in enumerate(texts):
                _speak(client, f"alone-{number}", text)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda part: _speak_all(server.url, texts, part), range(8)))
    for number, text in enumerate(texts):
        alone = recorder.phonemes[f"alone-{number}"]
        assert alone[0][1], text
        assert recorder.phonemes[f"together-{number}"] == alone, text


def _speak_all(url, texts, part):
    with httpx.Client(base_url=url, timeout=60) as client:
        for number in range(part, len(texts), 8):
            _speak(client, f"together-{number}", texts[number])


def _speak(client, request_id, text):
    body = {"input": text, "response_format": "pcm", "voice": "ann"}
    response = client.post("/v1/audio/speech", json=body, headers={"x-request-id": request_id})
    assert response.status_code == 200, response.text
    assert response.headers["x-request-id"] == request_id
