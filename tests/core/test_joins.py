"""Segments join without clicks, with the pause that their punctuation asks for."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from koe.alignment import Span
from koe.joins import Joins
from koe.settings import PausesSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import AudioChunk, SpeechRequest, WordTiming

RATE = 24_000
JOINS = Joins(PausesSettings())


def _tone(seconds, hz=220.0, level=0.5):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def _silence(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


def _largest_step(samples):
    return float(np.abs(np.diff(samples)).max(initial=0.0))


@pytest.mark.parametrize(
    ("boundary", "seconds"), [(".", 0.3), ("?", 0.35), (",", 0.15), ("paragraph", 0.6), ("", 0.0)]
)
def test_the_pause_follows_the_punctuation(boundary, seconds):
    assert JOINS.pause_s(boundary, 1.0) == seconds


def test_faster_speech_pauses_less():
    assert JOINS.pause_s(".", 2.0) == pytest.approx(0.15)


def test_the_table_is_the_operator_s():
    joins = Joins(PausesSettings(after={".": 1.0}, paragraph_s=2.0, word_s=0.1))
    assert [joins.pause_s(mark, 1.0) for mark in (".", "paragraph", "", "!")] == [1.0, 2.0, 0.1, 0.1]


def test_the_engine_s_own_silence_goes():
    tone = _tone(0.5)
    chunk = AudioChunk(np.concatenate([_silence(0.4), tone, _silence(0.7)]), RATE)
    assert JOINS.trimmed(chunk).seconds == pytest.approx(0.55, abs=0.02)


def test_soft_endings_stay():
    """What is 40 dB under the peak is still sound."""
    chunk = AudioChunk(np.concatenate([_tone(0.2), _tone(0.3, level=0.005), _silence(0.3)]), RATE)
    assert JOINS.trimmed(chunk).seconds == pytest.approx(0.535, abs=0.01)


def test_word_timings_move_with_the_trim():
    chunk = AudioChunk(
        np.concatenate([_silence(0.4), _tone(0.5), _silence(0.5)]),
        RATE,
        (WordTiming("a", 0.4, 0.6, Span(0, 1)), WordTiming("b", 0.6, 0.9, Span(2, 3))),
    )
    first, second = JOINS.trimmed(chunk).words
    assert first.start_s == pytest.approx(0.015, abs=0.006)
    assert second.end_s == pytest.approx(0.515, abs=0.006)


def test_trimming_can_be_switched_off():
    chunk = AudioChunk(_silence(0.3), RATE)
    assert Joins(PausesSettings(trim=False)).trimmed(chunk) is chunk


@given(
    st.floats(80, 800),
    st.floats(0.02, 0.5),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.floats(0.01, 0.9),
    st.floats(-0.05, 0.05),
)
def test_a_cut_makes_no_step_larger_than_the_signal_s_own(hz, seconds, before, after, level, offset):
    """Silence on both sides of the trimmed segment, as it is joined: no click, also with a DC offset."""
    tone = _tone(seconds, hz, level)
    samples = np.concatenate([_silence(before), tone, _silence(after)]) + np.float32(offset)
    trimmed = JOINS.trimmed(AudioChunk(samples, RATE)).samples
    own = max(_largest_step(samples), 0.004)
    if len(trimmed) < len(samples) - 2:
        joined = np.concatenate([[trimmed[0] * 0], trimmed, [trimmed[-1] * 0]])
        ends = [abs(float(joined[1])), abs(float(joined[-2]))]
        cut = [end for end, kept in zip(ends, (before, after), strict=True) if kept > 0.05]
        assert all(end <= own for end in cut)
    assert _largest_step(trimmed) <= own * 1.05 + 0.001


def _settings(**pauses):
    return evolve(FAKE_SETTINGS, pauses=PausesSettings(**pauses))


async def _spoken(text, settings, **fields):
    async with running(FakePlugin(FakeEngine()), settings=settings) as synthesizer:
        async with synthesizer.speak(SpeechRequest(text, format="raw", **fields)) as speech:
            return np.concatenate([chunk.samples async for chunk in speech.chunks()])


def _silences(samples, at_least_s):
    """Start and length, in seconds, of each silence."""
    quiet = np.abs(samples) < 1e-4
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    runs = edges.reshape(-1, 2)
    return [(a / RATE, (b - a) / RATE) for a, b in runs if (b - a) / RATE >= at_least_s]


async def test_a_text_pauses_where_its_punctuation_does():
    """The golden picture of a text: where it is silent, and for how long."""
    settings = _settings(after={".": 0.5, ",": 0.2}, paragraph_s=1.0)
    samples = await _spoken("Abc. Def.\n\nGhi.", settings)
    pauses = _silences(samples, 0.2)
    # each segment keeps 35 ms of its own tail, and 15 ms of what comes before a sound
    assert [round(length, 2) for _, length in pauses] == [0.54, 1.04, 0.54]
    sounding = [(start, length) for start, length in pauses]
    assert [round(start, 2) for start, _ in sounding] == [0.15, 0.84, 2.02]


async def test_the_spectrum_of_a_pause_is_empty_and_that_of_the_words_is_theirs():
    settings = _settings(after={".": 0.5})
    samples = await _spoken("Bbbb. Dddd.", settings)
    pause = samples[round(0.25 * RATE) : round(0.65 * RATE)]
    assert float(np.abs(np.fft.rfft(pause)).max()) < 1e-3
    first = samples[: round(0.2 * RATE)]
    peak_hz = np.fft.rfftfreq(len(first), 1 / RATE)[np.abs(np.fft.rfft(first)).argmax()]
    assert peak_hz == pytest.approx(200 + 10 * (ord("b") % 64), abs=5)


async def test_one_sentence_is_as_long_alone_as_in_a_text():
    """The pause belongs to the sentence: a text is as long as its sentences."""
    settings = _settings()
    apart = [len(await _spoken(text, settings)) for text in ("Abc.", "Def ghi?", "Jkl!")]
    assert len(await _spoken("Abc. Def ghi? Jkl!", settings)) == pytest.approx(sum(apart), abs=2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("abc [pause:700ms][pause:400ms] def", 1.1),
        ("abc. [pause:0.1s] def", 0.3),
        ("abc. [pause:0.8s] def", 0.8),
    ],
)
async def test_pauses_that_were_asked_for_add_up_and_hide_a_shorter_natural_one(text, seconds):
    samples = await _spoken(text, _settings(after={".": 0.3}), markup="tags")
    (_, length), *_ = _silences(samples, 0.2)
    assert length == pytest.approx(seconds, abs=0.05)
