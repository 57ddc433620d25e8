"""The pitch of finished audio, and its sample rate."""

import numpy as np
import pytest
from koe.alignment import Span
from koe.prosody import pitch_ratio, repitched, resampled
from koe.testing.audio import tone
from koe.types import AudioChunk, WordTiming

RATE = 24_000


def frequency_of(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


def test_an_octave_is_twice_as_high():
    assert pitch_ratio(12) == 2.0
    assert pitch_ratio(-12) == 0.5
    assert pitch_ratio(0) == 1.0


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.2, 2.0])
def test_what_is_higher_is_as_much_shorter(ratio):
    chunk = repitched(AudioChunk(tone(300, 1.0, RATE), RATE), ratio)
    assert len(chunk.samples) == pytest.approx(RATE / ratio, abs=1)
    assert frequency_of(chunk.samples) == pytest.approx(300 * ratio, rel=0.01)


def test_words_move_along():
    chunk = AudioChunk(tone(300, 1.0, RATE), RATE, (WordTiming("a", 0.5, 1.0, Span(0, 1)),))
    (word,) = repitched(chunk, 2.0).words
    assert (word.start_s, word.end_s) == (0.25, 0.5)


def test_the_voice_s_own_pitch_leaves_the_chunk_as_it_is():
    chunk = AudioChunk(tone(300, 1.0, RATE), RATE)
    assert repitched(chunk, 1.0) is chunk


@pytest.mark.parametrize("length", [0, 1, 2, 100, 44_100])
def test_another_sample_rate_keeps_length_in_seconds(length):
    samples = resampled(np.zeros(length, np.float32), 44_100, RATE)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(length * RATE / 44_100, abs=1)
