"""Equal segments are inferred once; whatever the cache does, requests get their audio."""

import asyncio
import threading
from functools import partial

import numpy as np
import pytest
from attrs import evolve
from koe.costs import Costs
from koe.errors import StageError
from koe.joins import Joins
from koe.settings import CacheSettings, InferenceSettings
from koe.spoken import speak as speak_segment
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import PhonemeSegment, PhonemeWord, SpeechRequest, VoiceMix

from tests.core.cache.backends import CachePlugin, DictBackend, SharedBackend, holding


def _settings(**fields):
    fields.setdefault("storage", "float32")
    fields.setdefault("tiers", ("dict", "shared"))
    return evolve(FAKE_SETTINGS, cache=CacheSettings(**fields), inference=InferenceSettings(concurrency=2))


def _cached(*backends, engine=None, **fields):
    plugins = [FakePlugin(engine or FakeEngine()), CachePlugin(*backends)]
    return running(*plugins, settings=_settings(**fields))


async def _speak(synthesizer, text="One two. Three.", *, settle=True, **fields):
    async with synthesizer.speak(SpeechRequest(text, format="raw", **fields)) as speech:
        data = b"".join([piece async for piece in speech.encoded("whole")])
        if settle and synthesizer.cache is not None:
            await synthesizer.cache.settled()
        return np.frombuffer(data, np.float32), speech.facts.get("cache")


async def _words(synthesizer, text):
    async with synthesizer.speak(SpeechRequest(text, format="raw", timestamps="word")) as speech:
        chunks = [chunk async for chunk in speech.chunks()]
    return [
        (word.text, word.start_s, word.source.start, word.source.end)
        for chunk in chunks
        for word in chunk.words
    ]


async def test_what_was_spoken_once_is_not_inferred_again():
    engine = FakeEngine()
    async with _cached(DictBackend(), engine=engine) as synthesizer:
        first = await _speak(synthesizer)
        again = await _speak(synthesizer)
        report = await synthesizer.cache_report()
    assert (first[1], again[1]) == ("miss", "hit")
    assert np.array_equal(first[0], again[0])
    assert len(engine.spoken) == 2
    assert (report.hits, report.misses) == (2, 2)


async def test_a_text_of_which_a_part_is_known_is_a_partial_hit():
    async with _cached(DictBackend()) as synthesizer:
        await _speak(synthesizer, "One two.")
        assert (await _speak(synthesizer, "One two. Three."))[1] == "partial"


async def test_a_stream_tells_of_the_segments_in_its_first_audio():
    async with _cached(DictBackend()) as synthesizer:
        await _speak(synthesizer, "One two.")
        async with synthesizer.speak(SpeechRequest("One two. Three.", format="raw")) as speech:
            async for _ in speech.encoded("stream"):
                assert speech.facts == {"cache": "hit"}
        assert speech.facts == {"cache": "hit"}


async def test_without_a_cache_nothing_is_told():
    async with running() as synthesizer:
        assert (await _speak(synthesizer))[1] is None


async def test_bypass_neither_looks_nor_keeps():
    engine, backend = FakeEngine(), DictBackend()
    async with _cached(backend, engine=engine) as synthesizer:
        assert (await _speak(synthesizer, cache="bypass"))[1] is None
        assert backend.calls == []
        await _speak(synthesizer)
        await _speak(synthesizer, cache="bypass")
    assert len(engine.spoken) == 6


async def test_refresh_makes_it_anew_and_keeps_that():
    engine, backend = FakeEngine(), DictBackend()
    async with _cached(backend, engine=engine) as synthesizer:
        await _speak(synthesizer)
        backend.values = dict.fromkeys(backend.values, b"old")
        assert (await _speak(synthesizer, cache="refresh"))[1] == "miss"
        assert (await _speak(synthesizer))[1] == "hit"
    assert len(engine.spoken) == 4


async def test_word_timings_of_a_hit_are_those_of_its_own_text():
    """The same words elsewhere in another text: the same times, other places."""
    async with _cached(DictBackend()) as synthesizer:
        alone = await _words(synthesizer, "One two.")
        behind = await _words(synthesizer, "Zero.   One two.")
        again = await _words(synthesizer, "One two.")
        (report,) = (await synthesizer.cache_report()).tiers
    assert again == alone == [("One", 0.0, 0, 3), ("two", 0.2, 4, 7)]
    assert [(text, start, end) for text, _, start, end in behind[1:]] == [("One", 8, 11), ("two", 12, 15)]
    assert behind[2][1] - behind[1][1] == pytest.approx(0.2)
    assert report.hits == 2


async def test_a_miss_has_the_timings_that_it_has_without_a_cache():
    async with running() as plain, _cached(DictBackend()) as cached:
        text = "Some words here. And more of them!"
        assert await _words(plain, text) == await _words(cached, text)


async def test_equal_requests_at_once_share_one_inference():
    engine, held = FakeEngine(), threading.Event()
    engine.before = holding(held)
    async with _cached(DictBackend(), engine=engine) as synthesizer:
        synthesizer.admission.max_concurrent = 20
        requests = [asyncio.ensure_future(_speak(synthesizer, "One two.")) for _ in range(20)]
        await _until(lambda: engine.spoken)
        held.set()
        answers = await asyncio.gather(*requests)
        report = await synthesizer.cache_report()
    assert len(engine.spoken) == 1
    assert all(np.array_equal(samples, answers[0][0]) for samples, _ in answers)
    assert sorted(told for _, told in answers) == ["hit"] * 19 + ["miss"]
    assert report.joined + report.hits == 19


async def test_one_who_leaves_does_not_stop_the_others_and_the_last_one_does():
    engine, stopped = FakeEngine(), threading.Event()
    goes_on = threading.Event()

    def before(_segment, cancellation):
        with cancellation.on_cancel(stopped.set):
            while not (goes_on.is_set() or cancellation.cancelled):
                goes_on.wait(0.01)

    engine.before = before
    async with _cached(DictBackend(), engine=engine) as synthesizer:
        first, second = (asyncio.ensure_future(_speak(synthesizer, "One.")) for _ in range(2))
        await _until(lambda: engine.spoken)
        while (
            synthesizer.cache._flights._flying
            and next(iter(synthesizer.cache._flights._flying.values())).waiters < 2
        ):
            await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait([first])
        assert not stopped.is_set()
        second.cancel()
        await asyncio.wait([second])
        assert stopped.is_set()
        assert engine.running == 0
        goes_on.set()
        assert (await _speak(synthesizer, "One."))[1] == "miss"


async def test_an_error_reaches_all_who_wait_and_is_not_kept():
    engine, held = FakeEngine(), threading.Event()

    def before(_segment, _cancellation):
        held.wait(30)
        raise RuntimeError("broken")

    engine.before = before
    async with _cached(DictBackend(), engine=engine) as synthesizer:
        requests = [asyncio.ensure_future(_speak(synthesizer, "One.")) for _ in range(3)]
        await _until(lambda: engine.spoken)
        held.set()
        answers = await asyncio.gather(*requests, return_exceptions=True)
        assert all(isinstance(answer, StageError) for answer in answers)
        engine.before = None
        assert (await _speak(synthesizer, "One."))[1] == "miss"


async def test_a_segment_that_waits_in_line_goes_first_once_a_first_segment_waits_for_it():
    """What waits behind a book's segment is the first of a stream, too, which makes it the next."""
    engine, held, order = FakeEngine(), threading.Event(), []

    def before(segment, _cancellation):
        order.append(segment.phonemes)
        held.wait(30)

    engine.before = before
    settings = evolve(_settings(), inference=InferenceSettings(concurrency=1))
    async with running(FakePlugin(engine), CachePlugin(DictBackend()), settings=settings) as synthesizer:
        cache, opened, queue = synthesizer.cache, synthesizer.open_engine(), synthesizer.order
        assert cache is not None

        def obtain(word, line):
            claim = line.plan(2, 1.0, 2)
            segment = PhonemeSegment(word, (PhonemeWord(word, word),), VoiceMix.of("ann"), "en")
            speak = partial(speak_segment, opened, Joins(settings.pauses))
            obtained = cache.obtain(opened, segment, speak, cache.patience(), refresh=False, claim=claim)
            return claim, asyncio.ensure_future(obtained)

        with (
            queue.line("a", Costs(), played=False) as one,
            queue.line("a", Costs(), played=False) as two,
            queue.line("a", Costs(), played=False) as three,
            queue.line("b", Costs(), played=True) as stream,
        ):
            _, first = obtain("aa", one)
            await _until(lambda: order == ["aa"])
            behind, shared = obtain("bb", two), obtain("cc", three)
            await _until(lambda: [behind[0].state, shared[0].state] == ["waiting", "waiting"])
            claim, joining = obtain("cc", stream)
            await _until(lambda: claim.state == "waiting")
            held.set()
            await asyncio.gather(first, behind[1], shared[1], joining)
    assert order == ["aa", "cc", "bb"]


async def _until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_value_found_behind_is_written_to_the_tiers_before_it():
    values: dict[str, bytes] = {}
    async with _cached(SharedBackend(values=values)) as synthesizer:
        await _speak(synthesizer)
    memory, shared = DictBackend(), SharedBackend(values=values)
    async with _cached(memory, shared) as synthesizer:
        assert (await _speak(synthesizer))[1] == "hit"
    assert memory.values == values
    assert len(values) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: b"",
        lambda value: b"garbage" * 100,
        lambda value: value[:-1],
        lambda value: value[:40] + bytes([value[40] ^ 1]) + value[41:],
    ],
)
async def test_a_damaged_value_is_a_miss_that_is_counted_and_mended(damage):
    backend = DictBackend()
    async with _cached(backend) as synthesizer:
        good, _ = await _speak(synthesizer)
        backend.values = {key: damage(value) for key, value in backend.values.items()}
        assert np.array_equal((await _speak(synthesizer))[0], good)
        (report,) = (await synthesizer.cache_report()).tiers
        assert report.corrupt == 2
        assert (await _speak(synthesizer))[1] == "hit"


async def test_a_value_under_another_s_key_is_a_miss():
    backend = DictBackend()
    async with _cached(backend) as synthesizer:
        one, _ = await _speak(synthesizer, "One.")
        other, _ = await _speak(synthesizer, "Two.")
        backend.values = dict(zip(backend.values, reversed(backend.values.values()), strict=True))
        assert np.array_equal((await _speak(synthesizer, "One."))[0], one)
        assert np.array_equal((await _speak(synthesizer, "Two."))[0], other)


async def test_a_tier_that_raises_does_no_harm_is_left_alone_and_tried_again():
    backend = SharedBackend()

    async def fail(_name):
        raise OSError("down")

    backend.before = fail
    async with _cached(backend, max_failures=3, retry_after_s=0.2) as synthesizer:
        for _ in range(4):
            assert (await _speak(synthesizer, "One. Two."))[1] == "miss"
        (report,) = (await synthesizer.cache_report()).tiers
        assert report.state == "resting"
        assert len(backend.calls) < 10
        backend.before = None
        await _until_async(lambda: _told(synthesizer, "hit"))
        assert (await synthesizer.cache_report()).tiers[0].state == "ok"


async def _told(synthesizer, what):
    return (await _speak(synthesizer, "One. Two."))[1] == what


async def _until_async(condition):
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_a_slow_tier_delays_a_request_by_no_more_than_its_time_limit():
    """All segments of a request together."""
    backend = SharedBackend()

    async def hang(_name):
        await asyncio.sleep(30)

    backend.before = hang
    async with _cached(backend, timeout_s=0.3, max_failures=100) as synthesizer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await _speak(synthesizer, "One. Two. Three. Four. Five. Six.", settle=False)
        assert 0.25 < loop.time() - began < 0.6


async def test_processes_that_share_a_tier_share_an_inference():
    values: dict[str, bytes] = {}
    claims: dict[str, tuple[object, float]] = {}
    engine = FakeEngine()
    held = threading.Event()
    engine.before = holding(held)
    other = FakeEngine()
    async with (
        _cached(SharedBackend(values=values, claims=claims), engine=engine) as first,
        _cached(SharedBackend(values=values, claims=claims), engine=other) as second,
    ):
        one = asyncio.ensure_future(_speak(first, "One."))
        await _until(lambda: engine.spoken)
        two = asyncio.ensure_future(_speak(second, "One."))
        await asyncio.sleep(0.1)
        held.set()
        assert ((await one)[1], (await two)[1]) == ("miss", "hit")
        assert (await second.cache_report()).awaited == 1
    assert other.spoken == []
    assert claims == {}


async def test_what_another_wrote_just_before_the_claim_was_granted_is_not_made_again():
    written: dict[str, bytes] = {}
    async with _cached(SharedBackend(values=written)) as first:
        await _speak(first, "One.")

    class Late(SharedBackend):
        async def claim(self, key, seconds):
            self.values |= written
            return await super().claim(key, seconds)

    engine, backend = FakeEngine(), Late()
    async with _cached(backend, engine=engine) as second:
        assert (await _speak(second, "One."))[1] == "hit"
        report = await second.cache_report()
    assert engine.spoken == []
    assert (report.awaited, report.misses, report.tiers[0].misses) == (1, 0, 1)
    assert backend.claims == {}


async def test_a_holder_that_died_costs_at_most_the_lease():
    values: dict[str, bytes] = {}
    claims: dict[str, tuple[object, float]] = {}
    dead = object()
    loop = asyncio.get_running_loop()

    class Orphaned(SharedBackend):
        async def claim(self, key, seconds):
            self.claims.setdefault(key, (dead, loop.time() + 60))
            return await super().claim(key, seconds)

    async with _cached(Orphaned(values=values, claims=claims), lease_s=0.4) as synthesizer:
        began = loop.time()
        assert (await _speak(synthesizer, "One."))[1] == "miss"
        assert 0.35 < loop.time() - began < 0.9


async def test_an_engine_that_changes_while_it_speaks_leaves_nothing():
    """Such as a voice whose file is replaced."""

    class Changing(FakeEngine):
        @property
        def fingerprint(self):
            return "after" if self.spoken else "before"

    backend = DictBackend()
    async with _cached(backend, engine=Changing()) as synthesizer:
        await _speak(synthesizer, "One.")
        assert backend.values == {}
        await _speak(synthesizer, "One.")
    assert len(backend.values) == 1


async def test_tiers_are_opened_and_closed_with_the_server():
    backend = DictBackend()
    async with _cached(backend):
        assert (backend.opened, backend.closed) == (1, 0)
    assert backend.closed == 1


async def test_clearing_forgets_everything():
    backend = DictBackend()
    async with _cached(backend) as synthesizer:
        await _speak(synthesizer)
        await synthesizer.clear_cache()
        assert backend.values == {}
        assert (await _speak(synthesizer))[1] == "miss"


async def test_the_engine_s_fingerprint_is_asked_for_before_the_first_request():
    """A model of some hundred megabytes takes a while to read."""
    asked = threading.Event()

    class Slow(FakeEngine):
        @property
        def fingerprint(self):
            asked.set()
            return "slow"

    async with _cached(DictBackend(), engine=Slow()):
        assert await asyncio.to_thread(asked.wait, 30)


async def test_an_engine_that_cannot_tell_its_fingerprint_speaks_without_the_cache():
    class Nameless(FakeEngine):
        @property
        def fingerprint(self):
            raise OSError("the model file is gone")

    backend = DictBackend()
    async with _cached(backend, engine=Nameless()) as synthesizer:
        samples, told = await _speak(synthesizer)
        again, _ = await _speak(synthesizer)
    assert told == "miss"
    assert np.array_equal(samples, again)
    assert backend.values == {}
