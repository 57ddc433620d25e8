"""The first segment is short, the next ones grow, and playback does not run dry."""

from itertools import islice, pairwise

import pytest
from attrs import evolve
from koe.pace import Pace, measured_rtf
from koe.settings import StreamingSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import SECONDS_PER_SYMBOL, FakeEngine, FakePlugin
from koe.types import SpeechRequest

TEXT = (
    "the quick brown fox jumps over the lazy dog and runs through the forest until it finds the river "
    "where the old fisherman sits in the evening and looks at the water with his small grey cat."
)


def _budgets(rtf, count=8, **settings):
    return list(islice(Pace(StreamingSettings(**settings), rtf).budgets(200), count))


def test_segments_double_until_the_limit():
    assert _budgets(0.2) == [12, 24, 48, 96, 192, 200, 200, 200]


def test_a_slow_engine_s_segments_grow_less():
    """While one segment plays, the next is made: at most 1 / rtf times as long."""
    budgets = _budgets(0.6)
    assert all(later <= earlier / 0.6 for earlier, later in pairwise(budgets))
    assert budgets[1] > budgets[0]


def test_an_engine_near_real_time_keeps_its_segments_short():
    assert _budgets(0.9, 4) == [12, 12, 12, 12]


def test_a_fast_engine_is_not_cut_for():
    assert _budgets(0.01, 2) == [200, 200]
    assert _budgets(0.01, 2, cut="always") == [12, 24]
    assert _budgets(0.3, 2, cut="never") == [200, 200]
    assert _budgets(None, 2) == [200, 200]


@pytest.mark.parametrize("rtf", [0.05, 0.2, 0.4, 0.6, 0.75, 0.8])
@pytest.mark.parametrize("growth", [1.0, 1.5, 2.0, 4.0])
def test_playback_never_runs_dry(rtf, growth):
    """A player that starts with the first segment always has audio, whatever the growth asked for."""
    played_until = made_at = 0.0
    for number, budget in enumerate(islice(Pace(StreamingSettings(growth=growth), rtf).budgets(200), 50)):
        seconds = budget * SECONDS_PER_SYMBOL
        made_at += rtf * seconds
        if number == 0:
            played_until = made_at
        assert made_at <= played_until + 1e-9
        played_until += seconds


async def _segments(mode, **streaming):
    engine = FakeEngine()
    settings = evolve(FAKE_SETTINGS, streaming=StreamingSettings(**streaming))
    async with running(FakePlugin(engine), settings=settings, measure=True) as synthesizer:
        engine.spoken.clear()
        async with synthesizer.speak(SpeechRequest(TEXT, format="raw")) as speech:
            assert [piece async for piece in speech.encoded(mode)]
    return [segment.phonemes for segment in engine.spoken]


async def test_a_stream_begins_with_a_word_group():
    segments = await _segments("stream", cut="always", first_phonemes=20)
    assert segments[0] == "the quick brown fox"
    assert len(segments[1]) <= 40
    assert " ".join(segments) == TEXT


async def test_a_whole_answer_is_not_cut():
    segments = await _segments("whole", cut="always")
    assert "".join(segments[0].split())[:80] == "".join(TEXT.split())[:80]
    assert len(segments[0]) > 100


async def test_the_first_clause_is_the_first_segment():
    engine = FakeEngine()
    settings = evolve(FAKE_SETTINGS, streaming=StreamingSettings(cut="always", first_phonemes=15))
    async with running(FakePlugin(engine), settings=settings, measure=True) as synthesizer:
        engine.spoken.clear()
        request = SpeechRequest("Well then, here we are in the middle of nowhere.", format="raw")
        async with synthesizer.speak(request) as speech:
            assert [piece async for piece in speech.encoded("stream")]
    assert engine.spoken[0].phonemes == "well then,"
    assert engine.spoken[0].boundary == ","


def test_the_real_time_factor_is_measured():
    engine = FakeEngine()
    assert 0 < (measured_rtf(engine) or 0) < 1
    warm_up, measured = (segment.phonemes for segment in engine.spoken)
    assert len(warm_up) == 2
    assert len(measured) > 10
