"""Text becomes audio, whole and in order; what fails is said, what nobody waits for stops."""

import asyncio
import threading
from contextlib import aclosing

import numpy as np
import pytest
from attrs import evolve
from koe.api import AudioChunk, AudioProcessor, AudioStream, Normalizer, Plugin, hookimpl
from koe.errors import (
    InvalidRequestError,
    NothingToSpeakError,
    StageError,
    TextTooLongError,
    UnknownModelError,
    UnknownVoiceError,
    UnsupportedFormatError,
    UnsupportedLanguageError,
)
from koe.settings import LimitsSettings
from koe.synthesizer import Synthesizer
from koe.testing.build import FAKE_SETTINGS, registry_of, running
from koe.testing.fakes import FakeEngine, FakePlugin, LetterPhonemizer, symbol_samples
from koe.types import SpeechRequest, VoiceMix


def _request(text="One two. Three.", **fields):
    return SpeechRequest(text, format="raw", **fields)


async def _encoded(synthesizer, request):
    async with synthesizer.speak(request) as speech:
        return b"".join([piece async for piece in speech.encoded()])


async def _samples(synthesizer, request):
    return np.frombuffer(await _encoded(synthesizer, request), np.float32)


def _tones(phonemes, rate=1.0):
    return np.concatenate([symbol_samples(p, rate) * (0.0 if p in " .,!" else 1.0) for p in phonemes])


async def test_speaks_every_segment_in_order():
    async with running() as synthesizer:
        samples = await _samples(synthesizer, _request("Ab cd. Ef."))
    expected = np.concatenate([_tones("ab cd."), _tones("ef.")])
    assert np.array_equal(samples, expected)


async def test_chunks_carry_word_timings_from_the_start_of_the_answer():
    async with running() as synthesizer, synthesizer.speak(_request("Ab. Cd ef.")) as speech:
        chunks = [chunk async for chunk in speech.chunks()]
    words = [word for chunk in chunks for word in chunk.words]
    assert [(word.text, round(word.start_s, 6), round(word.end_s, 6)) for word in words] == [
        ("Ab", 0.0, 0.1),
        ("Cd", 0.15, 0.25),
        ("ef", 0.3, 0.4),
    ]
    assert [(word.source.start, word.source.end) for word in words] == [(0, 2), (4, 6), (7, 9)]


async def test_speed_within_the_engine_s_range_is_the_engine_s():
    async with running() as synthesizer:
        samples = await _samples(synthesizer, _request("Ab.", speed=2.0))
    assert np.array_equal(samples, _tones("ab.", 2.0))


async def test_speed_beyond_the_range_is_stretched_and_timings_follow():
    async with running() as synthesizer:
        async with synthesizer.speak(_request("Abcd " * 10 + "end.", speed=4.0)) as speech:
            chunks = [chunk async for chunk in speech.chunks()]
    seconds = sum(chunk.seconds for chunk in chunks)
    assert seconds == pytest.approx(54 * 0.05 / 4, rel=0.01)
    last = chunks[-1].words[-1]
    assert last.end_s == pytest.approx(seconds, abs=0.05)


async def test_volume_is_set_in_db():
    async with running() as synthesizer:
        loud = await _samples(synthesizer, _request("Ab."))
        quiet = await _samples(synthesizer, _request("Ab.", volume_db=-20.0))
    assert np.allclose(quiet, loud * 0.1, atol=1e-6)


async def test_voice_mix_and_its_language_reach_the_engine():
    engine = FakeEngine()
    async with running(FakePlugin(engine)) as synthesizer:
        await _encoded(synthesizer, _request("Hi.", voice="bob(3)+ann(1)"))
    assert engine.spoken[0].voice == VoiceMix((("bob", 0.75), ("ann", 0.25)))
    assert engine.spoken[0].language == "en-GB"


@pytest.mark.parametrize(
    ("fields", "error", "param"),
    [
        ({"text": "  \n"}, NothingToSpeakError, "input"),
        ({"text": "x" * 101}, TextTooLongError, "input"),
        ({"speed": 0.1}, InvalidRequestError, "speed"),
        ({"speed": float("nan")}, InvalidRequestError, "speed"),
        ({"volume_db": 99.0}, InvalidRequestError, "volume_db"),
        ({"voice": "nobody"}, UnknownVoiceError, "voice"),
        ({"language": "xx"}, UnsupportedLanguageError, "language"),
        ({"markup": "ssml"}, InvalidRequestError, "markup"),
        ({"engine": "other"}, UnknownModelError, "model"),
    ],
)
async def test_bad_requests_are_refused_before_any_work(fields, error, param):
    engine = FakeEngine()
    settings = evolve(FAKE_SETTINGS, limits=LimitsSettings(max_characters=100))
    async with running(FakePlugin(engine), settings=settings) as synthesizer:
        with pytest.raises(error) as caught:
            await _encoded(synthesizer, _request(**fields))
    assert caught.value.param == param
    assert engine.spoken == []


async def test_an_unknown_format_is_refused():
    async with running() as synthesizer:
        with pytest.raises(UnsupportedFormatError, match="raw"):
            await _encoded(synthesizer, SpeechRequest("Hi.", format="row"))


async def test_text_without_anything_to_speak_is_refused():
    async with running() as synthesizer:
        with pytest.raises(NothingToSpeakError):
            await _encoded(synthesizer, _request("... !!"))


async def test_a_failing_engine_names_stage_component_and_plugin():
    def fail(segment, cancellation):
        raise RuntimeError("no luck")

    async with running(FakePlugin(FakeEngine(before=fail))) as synthesizer:
        with pytest.raises(StageError, match="no luck") as caught:
            await _encoded(synthesizer, _request())
        stats = synthesizer.outcomes
    assert (caught.value.stage, caught.value.component, caught.value.plugin) == (
        "infer",
        "fake",
        "FakePlugin",
    )
    assert stats["failed"] == 1


async def test_a_failure_in_the_third_segment_comes_after_two_good_ones_and_before_any_end():
    engine = FakeEngine()

    async with (
        running(FakePlugin(engine)) as synthesizer,
        synthesizer.speak(_request("Aa. Bb. Cc. Dd.")) as speech,
    ):
        engine.before = lambda segment, cancellation: _raise_on(segment, "Cc")
        pieces: list[bytes] = []
        with pytest.raises(StageError):
            await _collect(speech, pieces)
    assert np.array_equal(
        np.frombuffer(b"".join(pieces), np.float32), np.concatenate([_tones("aa."), _tones("bb.")])
    )


async def _collect(speech, pieces):
    async for piece in speech.encoded():
        pieces += [piece]


def _raise_on(segment, text):
    if segment.text == text:
        raise RuntimeError("no luck")


async def test_only_one_segment_is_made_ahead_of_the_listener():
    engine = FakeEngine()
    async with (
        running(FakePlugin(engine)) as synthesizer,
        synthesizer.speak(_request("Aa. Bb. Cc. Dd. Ee.")) as speech,
        aclosing(speech.chunks()) as chunks,
    ):
        await anext(chunks)
        await _settled(engine)
        assert [segment.text for segment in engine.spoken] == ["Aa", "Bb"]
    assert [segment.text for segment in engine.spoken] == ["Aa", "Bb"]


async def _settled(engine):
    """Wait until the look-ahead has run, and give further work every chance to start."""
    async with asyncio.timeout(5):
        while len(engine.spoken) < 2 or engine.running:
            await asyncio.sleep(0.001)
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_leaving_stops_the_running_inference():
    started, cancelled = threading.Event(), threading.Event()

    def hold(segment, cancellation):
        if segment.text == "Bb":
            started.set()
            with cancellation.on_cancel(cancelled.set):
                cancelled.wait(5)

    engine = FakeEngine(before=hold)
    async with running(FakePlugin(engine)) as synthesizer:
        async with synthesizer.speak(_request("Aa. Bb. Cc.")) as speech:
            async with aclosing(speech.chunks()) as chunks:
                await anext(chunks)
                await asyncio.to_thread(started.wait, 5)
        assert cancelled.is_set()
        assert engine.running == 0
        assert synthesizer.outcomes["cancelled"] == 1
        assert synthesizer.admission.stats().running == 0
    assert [segment.text for segment in engine.spoken] == ["Aa", "Bb"]


async def test_requests_do_not_disturb_each_other():
    async with running() as synthesizer:
        texts = ["".join(chr(97 + (i + k) % 26) for k in range(5)) + "." for i in range(20)]
        alone = [await _encoded(synthesizer, _request(text)) for text in texts]
        together = await asyncio.gather(*(_encoded(synthesizer, _request(text)) for text in texts))
    assert together == alone


async def test_events_tell_what_was_made():
    seen = []

    class Watcher(Plugin):
        @hookimpl
        def segment_synthesized(self, event):
            seen.append(event)

        @hookimpl
        def request_finished(self, event):
            seen.append(event)
            raise RuntimeError("an observer that fails does no harm")

    async with running(FakePlugin(), Watcher()) as synthesizer:
        await _encoded(synthesizer, _request("Ab. Cd.", request_id="r1"))
    first, second, finished = seen
    assert (first.index, first.phonemes, first.request_id) == (0, "ab.", "r1")
    assert (second.index, second.phonemes) == (1, "cd.")
    assert (finished.outcome, finished.segments, finished.format) == ("completed", 2, "raw")
    assert finished.audio_s == pytest.approx(0.3)
    assert 0 < finished.first_audio_s <= finished.total_s
    assert {"markup", "normalize", "phonemize", "infer", "encode"} <= set(finished.stages)


class HoldBack(AudioProcessor):
    """Gives each chunk only when the next one comes, and doubles it."""

    name = "hold-back"

    def open(self, info):
        return _HoldBackStream()


class _HoldBackStream(AudioStream):
    def __init__(self):
        self.held = None

    def process(self, chunk):
        ready, self.held = self.held, chunk
        return self._double(ready) if ready else evolve(chunk, samples=chunk.samples[:0], words=())

    def flush(self):
        return self._double(self.held) if self.held else None

    def _double(self, chunk):
        return AudioChunk(chunk.samples * 2, chunk.sample_rate, chunk.words)


class HoldBackPlugin(Plugin):
    @hookimpl
    def register_audio_processors(self):
        return [HoldBack()]


async def test_processors_may_hold_audio_back_and_nothing_is_lost():
    pipeline = evolve(FAKE_SETTINGS.pipeline, postprocess=("hold-back", "hold-back"))
    settings = evolve(FAKE_SETTINGS, pipeline=pipeline)
    async with running(FakePlugin(), HoldBackPlugin(), settings=settings) as synthesizer:
        samples = await _samples(synthesizer, _request("Ab. Cd. Ef."))
        async with synthesizer.speak(_request("Ab. Cd. Ef.")) as speech:
            chunks = [chunk.samples async for chunk in speech.chunks()]
    expected = 4 * np.concatenate([_tones("ab."), _tones("cd."), _tones("ef.")])
    assert np.array_equal(samples, expected)
    assert np.array_equal(np.concatenate(chunks), expected)


async def test_the_text_is_read_lazily():
    """The first audio does not wait for the end of the text."""
    read = []

    class Recorder(Normalizer):
        name = "recorder"

        def normalize(self, segment):
            read.append(segment.text)
            yield segment

    class RecorderPlugin(Plugin):
        @hookimpl
        def register_normalizers(self):
            return [Recorder()]

    pipeline = evolve(FAKE_SETTINGS.pipeline, normalize=("sentences", "recorder"))
    settings = evolve(FAKE_SETTINGS, pipeline=pipeline)
    async with running(FakePlugin(), RecorderPlugin(), settings=settings) as synthesizer:
        async with synthesizer.speak(_request("Aa. " * 1000)) as speech, aclosing(speech.chunks()) as chunks:
            await anext(chunks)
            assert len(read) <= 3


async def test_plugins_lifespans_nest_around_the_service():
    from contextlib import asynccontextmanager

    order: list[str] = []

    class First(Plugin):
        @hookimpl
        def lifespan(self, server):
            return _recorded("first", order)

    class Second(Plugin):
        @hookimpl
        def lifespan(self, server):
            return _recorded("second", order)

    @asynccontextmanager
    async def _recorded(name, order):
        order.append(f"+{name}")
        yield
        order.append(f"-{name}")
        raise RuntimeError("failing on stop keeps nobody else from closing")

    engine = FakeEngine()
    async with running(FakePlugin(engine), First(), Second()):
        assert order == ["+first", "+second"]
    assert order == ["+first", "+second", "-second", "-first"]
    assert (engine.opened, engine.closed) == (1, 1)


async def test_a_lifespan_that_cannot_start_stops_the_start():
    class Broken(Plugin):
        @hookimpl
        def lifespan(self, server):
            raise OSError("port taken")

    engine = FakeEngine()
    with pytest.raises(OSError, match="port taken"):
        async with running(FakePlugin(engine), Broken()):
            raise AssertionError
    assert engine.closed == 1


async def test_where_no_engine_can_be_opened_no_thread_stays():
    class Broken(FakeEngine):
        def open(self, runtime):
            raise OSError("no such model")

    before = set(threading.enumerate())
    synthesizer = Synthesizer(registry_of(FakePlugin(Broken())), FAKE_SETTINGS)
    with pytest.raises(OSError, match="no such model"):
        await synthesizer.start()
    started = set(threading.enumerate()) - before
    assert [thread.name for thread in started if thread.name.startswith("koe-")] == []


async def test_the_event_loop_does_not_wait_until_a_phonemizer_knows_its_languages():
    """The first question starts espeak-ng, for example; it comes from a thread, before any request."""
    asked: asyncio.Queue[threading.Thread] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    class Slow(LetterPhonemizer):
        def supports(self, language):
            loop.call_soon_threadsafe(asked.put_nowait, threading.current_thread())
            return super().supports(language)

    class SlowPlugin(FakePlugin):
        @hookimpl
        def register_phonemizers(self):
            return [Slow(("en",))]

    async with running(SlowPlugin(), measure=True):
        assert await asyncio.wait_for(asked.get(), 10) is not threading.main_thread()
