"""Whoever is admitted plays without a gap; whoever would not is refused at once. In virtual time."""

import asyncio
import random
import statistics
from functools import cache
from typing import Any

import numpy as np
import pytest
from attrs import define, evolve, field
from hypothesis import given, settings, strategies
from koe.api import AudioChunk
from koe.cores import Sharing
from koe.errors import OverloadedError
from koe.pace import Pace
from koe.settings import InferenceSettings, LimitsSettings, StreamingSettings
from koe.synthesizer import Synthesizer
from koe.testing.build import FAKE_SETTINGS, registry_of
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.text import TextPlugin
from koe.types import SpeechRequest

from tests.core.virtual import VirtualLoop, run_virtually

SEPARATE = Sharing()
"""Inferences with a thread each, on any machine."""
RTF = 0.3
SYMBOL_S = 0.08
RATE = 24_000
WORDS = "yes no well then the quick brown fox jumps over lazy dogs and runs extraordinarily far".split()


@define(eq=False)
class TimedEngine(FakeEngine):
    """Makes silence, and says how long a real engine would have taken; longer or shorter by chance."""

    loop: VirtualLoop | None = None
    rtf: float = RTF
    noise: random.Random = field(factory=lambda: random.Random(1))

    def infer(self, segment, cancellation):
        cancellation.check()
        assert self.loop is not None
        seconds = len(segment.phonemes) * SYMBOL_S * self.noise.uniform(0.9, 1.1)
        self.loop.took_s = seconds * self.rtf * self.noise.uniform(0.9, 1.1) + 0.005
        self.spoken.append(segment)
        return AudioChunk(np.full(round(seconds * RATE), 0.1, np.float32), RATE)


@define
class Player:
    """Plays as soon as it hears something. `gaps` are its silences in seconds."""

    asked_at: float
    first_at: float | None = None
    plays_until: float = 0.0
    gaps: list[float] = field(factory=list)
    refused_after: float | None = None
    retry_after: float = 0.0

    def hear(self, seconds, now):
        if self.first_at is None:
            self.first_at, self.plays_until = now, now
        if now > self.plays_until + 1e-6:
            self.gaps.append(now - self.plays_until)
            self.plays_until = now
        self.plays_until += seconds


def _text(chance):
    """Some sentences of some words, from a single word to long ones."""
    sentences = []
    for _ in range(chance.randint(1, 8)):
        words = [chance.choice(WORDS) for _ in range(chance.choice((1, 2, 4, 8, 12, 20, 30)))]
        if len(words) > 10:
            words[len(words) // 2] += ","
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)


async def _listen(synthesizer, loop, player, request):
    try:
        async with synthesizer.speak(request) as speech:
            async for chunk in speech.chunks():
                player.hear(chunk.seconds, loop.time())
    except OverloadedError as error:
        player.refused_after, player.retry_after = loop.time() - player.asked_at, error.retry_after_s


async def _play_all(synthesizer, loop, texts, between_s, chance):
    players, tasks = [], []
    for number, text in enumerate(texts):
        await asyncio.sleep(chance.expovariate(1 / between_s))
        player = Player(loop.time())
        request = SpeechRequest(text, format="raw", client=str(number % 50))
        players.append(player)
        tasks.append(asyncio.ensure_future(_listen(synthesizer, loop, player, request)))
    await asyncio.gather(*tasks)
    return players


async def _book(synthesizer, text):
    async with synthesizer.speak(SpeechRequest(text, format="raw", played=False)) as speech:
        return [piece async for piece in speech.encoded("whole")]


@cache
def simulate(load, count, *, concurrency=1, books=0, seed=7):
    """`count` players come by chance, so many that they would need `load` of what the engine can make."""
    chance = random.Random(seed)
    texts = [_text(chance) for _ in range(count)]
    library = [" ".join(_text(chance) for _ in range(5)) for _ in range(books)]
    mean_s = statistics.mean(len(text) * SYMBOL_S for text in texts)
    engine = TimedEngine()
    configured = evolve(
        FAKE_SETTINGS,
        streaming=StreamingSettings(),
        inference=InferenceSettings(threads=1, concurrency=concurrency),
        limits=LimitsSettings(max_concurrent=64),
    )

    async def main(loop):
        engine.loop = loop
        synthesizer = Synthesizer(registry_of(TextPlugin(), FakePlugin(engine)), configured)
        synthesizer.order.now, synthesizer.order.sharing = loop.time, SEPARATE
        await synthesizer.start(measure=False)
        synthesizer.paces["fake"] = Pace(configured.streaming, RTF)
        synthesizer._costs("fake").begin(RTF)
        reading = [asyncio.ensure_future(_book(synthesizer, text)) for text in library]
        players = await _play_all(synthesizer, loop, texts, mean_s * RTF / concurrency / load, chance)
        assert all([await book for book in reading])
        assert not synthesizer.order._lines
        assert synthesizer.order.load() == 0
        await synthesizer.stop()
        return players

    return run_virtually(main)


@pytest.mark.parametrize(("load", "concurrency"), [(0.7, 1), (3.0, 1), (0.7, 2), (3.0, 2)])
def test_no_admitted_player_ever_runs_dry_and_the_rest_is_refused_at_once(load, concurrency):
    players = simulate(load, 500, concurrency=concurrency)
    heard = [player for player in players if player.refused_after is None]
    refused = [player for player in players if player.refused_after is not None]
    assert [player.gaps for player in heard if player.gaps] == []
    assert all(player.refused_after <= 0.1 and player.retry_after >= 1 for player in refused)
    assert len(heard) > (100 if load > 1 else 400)
    assert len(refused) > (300 if load > 1 else -1)


@pytest.mark.parametrize("load", [0.7, 3.0])
def test_books_make_no_player_run_dry_and_are_read_to_their_end(load):
    players = simulate(load, 300, books=4)
    assert [player.gaps for player in players if player.gaps] == []
    assert any(player.refused_after is None for player in players)


def test_a_segment_waits_while_others_have_the_threads_and_not_for_its_own_line():
    alone = run_virtually(lambda loop: _waits(loop, 1))
    together = run_virtually(lambda loop: _waits(loop, 3))
    assert alone == [0.0] * 3
    assert sum(together) >= 3.0
    assert max(together) <= 3.0


async def _waits(loop, count):
    """How long each segment of so many answers at once waited, where each inference takes half a second."""

    def before(_segment, _cancellation):
        loop.took_s = 0.5

    events: list[Any] = []
    synthesizer = Synthesizer(registry_of(TextPlugin(), FakePlugin(FakeEngine(before=before))), FAKE_SETTINGS)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(synthesizer, "_segment_made", events.append)
    synthesizer.order.now = loop.time
    await synthesizer.start(measure=False)
    requests = [SpeechRequest("One. Two. Three.", format="raw", client=str(n)) for n in range(count)]
    await asyncio.gather(*(_listen(synthesizer, loop, Player(0.0), request) for request in requests))
    await synthesizer.stop()
    assert len(events) == 3 * count
    return [event.wait_s for event in events]


def test_the_first_sound_comes_soon_among_many():
    players = simulate(0.7, 500, concurrency=2)
    waits = sorted(player.first_at - player.asked_at for player in players if player.refused_after is None)
    assert waits[len(waits) // 2] < 0.5
    assert waits[len(waits) * 95 // 100] < 1.5


def _samples(concurrency, text, **fields):
    """What is heard, with its words and marks; and how many inferences there were at most at a time."""
    return run_virtually(lambda loop: _spoken(loop, concurrency, text, fields))


async def _spoken(loop, concurrency, text, fields, sharing=SEPARATE):
    engine = FakeEngine()
    at_a_time, begun_at = [], fields.pop("begun_at", [])

    def before(_segment, _cancellation):
        loop.took_s = 0.5
        at_a_time.append(len(synthesizer.order._running))
        begun_at.append(loop.time() - began)

    inference = InferenceSettings(threads=1, concurrency=concurrency)
    configured = evolve(FAKE_SETTINGS, inference=inference)
    synthesizer = Synthesizer(registry_of(TextPlugin(), FakePlugin(engine)), configured)
    synthesizer.order.now, synthesizer.order.sharing = loop.time, sharing
    await synthesizer.start(measure=False)
    engine.before = before
    began = loop.time()
    async with synthesizer.speak(SpeechRequest(text, format="raw", **fields)) as speech:
        chunks = [chunk async for chunk in speech.chunks()]
    took_s = loop.time() - began
    await synthesizer.stop()
    samples = np.concatenate([chunk.samples for chunk in chunks])
    return samples.tobytes(), [word for chunk in chunks for word in chunk.words], took_s, max(at_a_time)


@settings(max_examples=20, deadline=None)
@given(
    text=strategies.lists(strategies.text("abcdefgh ", min_size=1, max_size=30), min_size=1, max_size=12),
    concurrency=strategies.integers(2, 5),
)
def test_made_side_by_side_it_is_what_is_made_one_by_one(text, concurrency):
    text = "Begin. " + " ".join(f"{sentence.strip()}x." for sentence in text)
    serial, words, _, _ = _samples(1, text)
    together, same_words, _, most = _samples(concurrency, text)
    assert together == serial
    assert same_words == words
    assert most <= concurrency


def test_where_threads_are_shared_the_first_segment_of_a_stream_has_them_all():
    separate: list[float] = []
    shared: list[float] = []
    whole: list[float] = []
    text, all_of_them = "Some words. " * 12, Sharing(places=4, threads=4, cores=4)
    run_virtually(lambda loop: _spoken(loop, 4, text, {"begun_at": separate}))
    run_virtually(lambda loop: _spoken(loop, 4, text, {"begun_at": shared}, all_of_them))
    run_virtually(lambda loop: _spoken(loop, 4, text, {"begun_at": whole, "played": False}, all_of_them))
    assert separate[:5] == whole[:5] == pytest.approx([0, 0, 0, 0, 0.5])
    assert shared[:6] == pytest.approx([0, 0.5, 0.5, 0.5, 0.5, 1.0])


def test_a_lone_stream_has_all_threads_to_itself():
    text = "Some words. " * 12
    _, _, alone_s, most = _samples(1, text)
    _, _, together_s, most_together = _samples(4, text)
    assert (most, most_together) == (1, 4)
    assert together_s < alone_s / 3
