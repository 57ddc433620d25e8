"""An equal request is answered from memory, as long as it would be answered the same."""

import threading
import time

import httpx
import pytest
from attrs import evolve
from koe.api import AudioProcessor, AudioStream
from koe.hooks import Plugin, hookimpl
from koe.settings import CacheSettings, LexiconSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.core.cache.backends import CachePlugin, DictBackend, holding
from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import live

SETTINGS = evolve(FAKE_SETTINGS, cache=CacheSettings(tiers=()))
TEXT = {"input": "One two. Three.", "response_format": "wav"}


class Watching(Plugin):
    def __init__(self):
        super().__init__()
        self.finished = []

    @hookimpl
    def request_finished(self, event):
        self.finished.append(event)


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
def server(engine, watching):
    with live(FakePlugin(engine), CachePlugin(DictBackend()), watching, settings=SETTINGS) as running:
        yield running


def _ask(server, path="/v1/audio/speech", **body):
    return httpx.post(server.url + path, json=TEXT | body, timeout=PATIENCE_S)


def _speak(server, **body):
    answer = _ask(server, **body)
    assert answer.status_code == 200, answer.text
    return answer


def _report(server):
    return server.service.backend.kept_answers.report()


FORMS = [
    {},
    {"stream": False},
    {"response_format": "pcm"},
    {"stream_format": "sse", "timestamps": "word"},
    {"stream_format": "ndjson", "timestamps": "word"},
    {"response_format": "srt"},
    {"response_format": "json"},
]


@pytest.mark.parametrize("form", FORMS, ids=repr)
def test_an_equal_request_gets_the_same_bytes_without_any_work(server, engine, form):
    first, again = _speak(server, **form), _speak(server, **form)
    assert again.content == first.content
    assert len(engine.spoken) == 2
    assert "koe-cache" not in first.headers  # of the segments, which this server does not cache
    assert again.headers["koe-cache"] == "hit"
    same = (
        "content-type",
        "content-disposition",
        "koe-engine",
        "koe-voice",
        "koe-timestamps",
        "x-accel-buffering",
    )
    assert [again.headers.get(name) for name in same] == [first.headers.get(name) for name in same]
    assert again.headers["content-length"] == str(len(first.content))
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert "server-timing" not in again.headers


@pytest.mark.parametrize(
    "change",
    [
        {"input": "One two. Four."},
        {"voice": "bob"},
        {"speed": 1.5},
        {"volume_db": -6},
        {"response_format": "pcm"},
        {"stream": False},
        {"sample_rate": 16000},
        {"stream_format": "sse"},
        {"lexicon": {"two": "to"}},
        {"voice_aliases": {"x": "ann"}},
        {"language": "en-GB"},
        {"markup": "tags"},
        {"unknown": 1},
    ],
    ids=repr,
)
def test_any_other_request_is_another(server, engine, change):
    _speak(server)
    spoken = len(engine.spoken)
    _speak(server, **change)
    assert len(engine.spoken) > spoken


def test_dialogues_and_phonemes_are_kept_too(server, engine):
    turns = {"turns": [{"voice": "ann", "text": "One."}, {"voice": "bob", "text": "Two."}]}
    for path, body in (("dialogue", turns), ("speech/phonemes", {"phonemes": "wʌn"})):
        first = httpx.post(f"{server.url}/v1/audio/{path}", json=body | {"response_format": "wav"})
        spoken = len(engine.spoken)
        again = httpx.post(f"{server.url}/v1/audio/{path}", json=body | {"response_format": "wav"})
        assert first.status_code == 200, first.text
        assert again.content == first.content
        assert len(engine.spoken) == spoken


def test_refresh_makes_the_answer_anew_and_keeps_it_and_bypass_does_neither(server, engine):
    counts = []
    for use in ("bypass", "use", "bypass", "refresh", "use"):
        _speak(server, cache=use)
        counts.append(len(engine.spoken))
    assert counts == [2, 4, 6, 8, 8]


def test_a_kept_answer_is_told_as_a_finished_request(server, watching):
    _speak(server)
    _speak(server)
    wait_until(lambda: len(watching.finished) == 2, "both requests have finished")
    first, again = watching.finished
    assert (first.cached, again.cached) == (False, True)
    assert (again.outcome, again.engine, again.voice, again.format) == ("completed", "fake", "ann", "wav")
    assert (again.audio_s, again.characters) == (first.audio_s, first.characters)
    assert server.service.backend.stats().completed == 2


def test_a_kept_answer_needs_no_place(engine):
    """All places are taken, and nobody may wait."""
    held = threading.Event()
    limits = evolve(SETTINGS.limits, max_concurrent=1, max_queued=0)
    plugins = (FakePlugin(engine), CachePlugin(DictBackend()))
    with live(*plugins, settings=evolve(SETTINGS, limits=limits)) as server:
        _speak(server)
        engine.before = holding(held)
        other = threading.Thread(target=_speak, args=(server,), kwargs={"input": "Something else."})
        other.start()
        wait_until(lambda: engine.running, "the other one is being spoken")
        assert _ask(server, input="A third one.").status_code == 503
        assert _speak(server).headers["koe-cache"] == "hit"
        held.set()
        other.join(PATIENCE_S)


def test_an_answer_that_was_not_taken_to_its_end_is_not_kept(server, engine):
    with httpx.stream(
        "POST", f"{server.url}/v1/audio/speech", json=TEXT | {"input": "One. " * 200}
    ) as answer:
        next(answer.iter_raw())
    wait_until(lambda: server.service.backend.stats().cancelled, "the request was given up")
    assert _report(server).entries == 0


def test_an_answer_that_failed_is_not_kept(server, engine):
    def fail(segment, _cancellation):
        if "three" in segment.phonemes:
            raise RuntimeError("broken")

    engine.before = fail
    with pytest.raises(httpx.HTTPError):
        _ask(server).raise_for_status()
    assert _report(server).entries == 0
    engine.before = None
    assert len(_speak(server).content) > 20_000


def test_answers_that_are_too_large_are_not_kept_and_all_stay_within_their_bytes(engine):
    settings = evolve(SETTINGS, cache=CacheSettings(tiers=(), answer_bytes=20_000, answers_bytes=50_000))
    with live(FakePlugin(engine), CachePlugin(DictBackend()), settings=settings) as server:
        for number in range(20):
            _speak(server, input=f"{number:05}.")
            assert _report(server).bytes <= 50_000
        assert 2 < _report(server).entries < 5
        assert _speak(server, input="00019.").headers["koe-cache"] == "hit"
        _speak(server, input="Something longer.")
        assert "koe-cache" not in _speak(server, input="Something longer.").headers


def test_a_changed_lexicon_is_heard_within_two_seconds(engine, tmp_path):
    file = tmp_path / "words.toml"
    file.write_text('[words]\nthree = "tree"\n', encoding="utf-8")
    settings = evolve(SETTINGS, lexicon=LexiconSettings(files=(str(file),)))
    with live(FakePlugin(engine), CachePlugin(DictBackend()), settings=settings) as server:
        _speak(server)
        _speak(server)
        assert len(engine.spoken) == 2
        file.write_text('[words]\nthree = "free again"\n', encoding="utf-8")
        changed = time.monotonic()
        wait_until(lambda: _speak(server) and len(engine.spoken) > 2, "it is spoken anew")
        assert time.monotonic() - changed < 3.0


def test_a_changed_voice_is_heard_within_a_second(watching):
    class Changing(FakeEngine):
        print = "one"

        @property
        def fingerprint(self):
            return self.print

    engine = Changing()
    with live(FakePlugin(engine), CachePlugin(DictBackend()), settings=SETTINGS) as server:
        _speak(server)
        _speak(server)
        assert len(engine.spoken) == 2
        engine.print = "another"
        wait_until(lambda: _speak(server) and len(engine.spoken) > 2, "it is spoken anew")


class Signing(AudioProcessor):
    """Its streams say whether they may be repeated."""

    name = "signing"

    def __init__(self, repeatable):
        self.repeatable = repeatable

    def open(self, info):
        return SigningStream(self.repeatable)


class SigningStream(AudioStream):
    def __init__(self, repeatable):
        self._repeatable = repeatable

    def process(self, chunk):
        return chunk

    def flush(self):
        return None

    @property
    def repeatable(self):
        return self._repeatable


class SigningPlugin(Plugin):
    def __init__(self, repeatable):
        super().__init__()
        self.repeatable = repeatable

    @hookimpl
    def register_audio_processors(self):
        return [Signing(self.repeatable)]


@pytest.mark.parametrize("repeatable", [True, False])
def test_answers_that_a_processor_made_for_one_request_alone_are_not_kept(engine, repeatable):
    settings = evolve(SETTINGS, pipeline=evolve(SETTINGS.pipeline, postprocess=("signing",)))
    plugins = (FakePlugin(engine), CachePlugin(DictBackend()), SigningPlugin(repeatable))
    with live(*plugins, settings=settings) as server:
        _speak(server)
        _speak(server)
    assert len(engine.spoken) == (2 if repeatable else 4)


def test_processors_that_do_not_say_so_are_not_repeatable():
    class Plain(SigningStream):
        repeatable = AudioStream.repeatable

    assert not Plain(True).repeatable


def test_nothing_is_kept_without_a_cache(engine):
    with live(FakePlugin(engine), settings=SETTINGS) as server:
        _speak(server)
        _speak(server)
    assert len(engine.spoken) == 4


def test_a_server_that_shuts_down_gives_no_kept_answers(server):
    _speak(server)
    server.service.begin_drain()
    assert _ask(server).status_code == 503


def test_segments_and_answers_are_told_in_the_header(engine):
    settings = evolve(SETTINGS, cache=CacheSettings(tiers=("dict",)))
    with live(FakePlugin(engine), CachePlugin(DictBackend()), settings=settings) as server:
        told = [
            _speak(server, **body).headers["koe-cache"]
            for body in ({}, {}, {"stream": False}, {"input": "One two. Four.", "stream": False})
        ]
    assert told == ["miss", "hit", "hit", "partial"]
