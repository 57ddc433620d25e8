import numpy as np
import pytest
from koe_espeak.recorder import SpokenClause
from koe_espeak.sound import resampled, word_times
from koe_espeak.synthesis import Synthesis


@pytest.mark.parametrize("length", [0, 1, 2, 100, 22050, 33333])
def test_the_resampled_length_is_exact(length):
    made = resampled(np.zeros(length, dtype=np.int16))
    assert made.dtype == np.float32
    assert len(made) == round(length * 24000 / 22050)


def test_a_full_scale_tone_keeps_headroom():
    tone = (32767 * np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050)).astype(np.int16)
    assert 0.75 < np.abs(resampled(tone)).max() < 0.9


def test_overshoot_is_clipped_to_full_scale():
    square = np.where(np.arange(22050) // 50 % 2, 32767, -32768).astype(np.int16)
    assert np.abs(resampled(square)).max() == 1.0


def test_a_tone_keeps_its_pitch():
    tone = (20000 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)).astype(np.int16)
    spectrum = np.abs(np.fft.rfft(resampled(tone)))
    assert int(spectrum.argmax()) == 440


def test_words_end_at_the_next_and_the_last_before_the_pause():
    samples = np.zeros(4 * 22050, dtype=np.int16)
    samples[: 2 * 22050] = 5000
    synthesis = Synthesis(samples, (SpokenClause(((0, 0), (4, 22050)), 4 * 22050),))
    assert list(word_times(synthesis)) == [(0, (0.0, 1.0)), (4, (1.0, 2.0))]


def test_a_word_without_sound_has_no_length():
    synthesis = Synthesis(np.zeros(1000, dtype=np.int16), (SpokenClause(((3, 500),), 1000),))
    assert list(word_times(synthesis)) == [(3, (500 / 22050, 500 / 22050))]
