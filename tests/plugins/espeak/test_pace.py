import numpy as np
import pytest
from koe_espeak.pace import NATURAL_WPM, RATE_RANGE, at_rate, words_per_minute
from koe_espeak.recorder import SpokenClause
from koe_espeak.synthesis import Synthesis


def test_the_parameter_rises_with_the_rate():
    parameters = [words_per_minute(rate) for rate in np.linspace(*RATE_RANGE, 50)]
    assert parameters == sorted(parameters)
    assert words_per_minute(1.0) == NATURAL_WPM
    assert 80 <= parameters[0] < parameters[-1] < 450


class Voice:
    """Speaks 10,000 samples at the natural rate, of which `fixed` do not follow the parameter."""

    def __init__(self, fixed):
        self.fixed = fixed
        self.asked = []

    def __call__(self, wpm):
        self.asked.append(wpm)
        moving = np.interp(wpm, (80, 175, 350, 449), (2.0, 1.0, 0.5, 0.4)) * (10_000 - self.fixed)
        return Synthesis(np.zeros(round(self.fixed + moving), np.int16), (SpokenClause(((0, 0),), 1),))


def test_the_natural_rate_takes_one_synthesis():
    voice = Voice(fixed=0)
    assert len(at_rate(1.0, voice).samples) == 10_000
    assert voice.asked == [NATURAL_WPM]


@pytest.mark.parametrize("rate", [0.7, 1.3, 1.9])
@pytest.mark.parametrize("fixed", [0, 1000])
def test_the_length_is_corrected(rate, fixed):
    voice = Voice(fixed)
    assert len(at_rate(rate, voice).samples) == pytest.approx(10_000 / rate, rel=0.03)
    assert len(voice.asked) <= 4


def test_the_closest_is_taken_where_the_rate_cannot_be_reached():
    voice = Voice(fixed=6000)
    assert len(at_rate(2.0, voice).samples) == 6000 + 0.4 * 4000


def test_a_text_without_words_is_not_spoken_twice():
    asked = []

    def silent(wpm):
        asked.append(wpm)
        return Synthesis(np.zeros(100, np.int16), ())

    at_rate(2.0, silent)
    assert asked == [NATURAL_WPM]
