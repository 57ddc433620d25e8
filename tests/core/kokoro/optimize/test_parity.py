import math

import numpy as np
import pytest
from koe.kokoro.config import ParityLimits
from koe.kokoro.optimize.parity import Distance, compare, log_spectral_distance, pitch_agreement

TIME = np.arange(24_000) / 24_000


def voice(hz=140.0, level=0.1):
    """A buzz with falling harmonics, which has a pitch and a spectrum."""
    return (level * sum(np.sin(2 * np.pi * hz * k * TIME) / k for k in range(1, 20))).astype(np.float32)


def noise(level):
    return (level * np.random.default_rng(1).normal(size=24_000)).astype(np.float32)


def test_a_recording_is_no_distance_from_itself():
    frames = np.array([20, 20])
    assert compare(voice(), voice(), frames, frames) == Distance(0.0, 1.0, 0.0, 0)


def test_level_and_spectrum_tell_loudness():
    found = compare(voice(), voice(level=0.2), None, None)
    assert found.level_db == pytest.approx(20 * math.log10(2), abs=0.01)
    assert found.pitch_agreement == 1.0


def test_noise_moves_the_spectrum_the_more_the_louder():
    distances = [log_spectral_distance(voice(), voice() + noise(level)) for level in (1e-4, 1e-3, 1e-2)]
    assert distances == sorted(distances)
    assert distances[0] < 0.1
    assert distances[2] > 2


def test_what_is_far_below_the_loudest_does_not_count():
    assert log_spectral_distance(voice(), voice() + noise(1e-7)) < 0.01


@pytest.mark.parametrize(("cents", "agree"), [(20, 1.0), (100, 0.0)])
def test_pitch_agrees_within_half_a_semitone(cents, agree):
    assert pitch_agreement(voice(), voice(140 * 2 ** (cents / 1200))) == agree


def test_a_voice_that_became_noise_does_not_agree():
    assert pitch_agreement(voice(), noise(0.1)) == 0.0


def test_without_voice_nothing_is_said_of_pitch():
    assert pitch_agreement(noise(0.1), noise(0.1)) is None


def test_other_durations_are_counted_in_frames_and_compared_no_further():
    found = compare(voice(), voice()[600:], np.array([20, 20]), np.array([21, 18]))
    assert (found.frames, found.log_spectral_db) == (3, math.inf)
    assert compare(voice(), voice()[600:], None, None).frames == 1


def test_samples_that_are_no_numbers_are_far_away():
    broken = voice()
    broken[5] = np.nan
    assert compare(voice(), broken, None, None).log_spectral_db == math.inf


def test_even_a_very_short_recording_can_be_compared():
    assert compare(voice()[:300], voice()[:300], None, None).log_spectral_db == 0


def test_the_worst_of_several_is_the_worst_in_each_respect():
    a, b = Distance(1.0, None, 0.2, 0), Distance(0.5, 0.8, 0.1, 2)
    assert Distance.worst([a, b]) == Distance(1.0, 0.8, 0.2, 2)


def test_every_limit_is_named_with_what_was_found():
    limits = ParityLimits()
    assert Distance(0.3, 0.99, 0.1, 0).objections(limits) == ()
    assert Distance(0.3, None, 0.1, 0).objections(limits) == ()
    assert Distance(9.0, 0.5, 2.0, 3).objections(limits) == (
        "durations differ by 3 frames (limit 0)",
        "log-spectral distance 9.00 dB (limit 1)",
        "pitch agreement 0.500 (limit 0.95)",
        "level differs by 2.00 dB (limit 0.5)",
    )
