"""A player that runs dry, or does not."""

import pytest
from koe.bench.player import play
from koe.bench.timeline import timeline

from tests.core.bench.sounds import pcm, tone

SECOND = 48_000


def played(*arrivals, silence_s=0.0):
    return play(arrivals, timeline("pcm", pcm(tone(3.0, silence_s))))


def test_audio_that_comes_in_time_is_played_without_a_gap():
    found = played((0.2, SECOND), (1.1, 2 * SECOND), (2.1, 3 * SECOND))
    assert (found.first_audio_s, found.gaps_s) == (0.2, ())
    assert found.audio_s == 3.0
    assert found.plays_until_s == pytest.approx(3.2)


def test_audio_that_comes_late_leaves_a_gap_and_delays_the_rest():
    found = played((0.2, SECOND), (1.5, 2 * SECOND), (2.4, 3 * SECOND))
    assert found.gaps_s == (pytest.approx(0.3),)
    assert found.plays_until_s == pytest.approx(3.5)


def test_ten_milliseconds_are_no_gap():
    assert played((0.0, SECOND), (1.009, 3 * SECOND)).gaps_s == ()


def test_the_first_sound_comes_behind_the_first_audio():
    found = played((0.1, SECOND // 2), (0.3, SECOND), (0.4, 3 * SECOND), silence_s=0.6)
    assert (found.first_audio_s, found.first_sound_s) == (0.1, 0.3)
