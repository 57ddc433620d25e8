"""Rate and volume of finished audio."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from koe.stretch import gain, time_stretch
from koe.types import Samples

RATE = 24_000
RATES = (0.1, 0.25, 0.4, 0.5, 0.75, 0.93, 1.1, 1.3, 2.0, 2.5, 4.0, 10.0)


def tone(frequency: float, seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


def frequency_of(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("length", [1, 7, 240, 2_400, 24_001, 100_000])
def test_the_length_is_exactly_that_of_the_input_over_the_rate(rate, length):
    stretched = time_stretch(tone(200, length / RATE), RATE, rate)

    assert (round(length / rate),) == stretched.shape
    assert np.float32 == stretched.dtype


@pytest.mark.parametrize("rate", RATES)
def test_the_pitch_stays(rate):
    stretched = time_stretch(tone(440, 2.0), RATE, rate)

    assert frequency_of(stretched) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize("rate", [0.5, 0.75, 1.5, 2.0, 4.0])
def test_sounds_are_found_at_their_scaled_place(rate):
    """A beep 1 s into the audio lies within 40 ms of 1 s / rate, and lasts its length / rate."""
    silence = np.zeros(RATE, np.float32)
    stretched = time_stretch(np.concatenate([silence, tone(440, 0.3), silence]), RATE, rate)

    loud = np.flatnonzero(np.abs(stretched) > 0.1) / RATE
    assert loud[0] == pytest.approx(1.0 / rate, abs=0.04)
    assert loud[-1] - loud[0] == pytest.approx(0.3 / rate, abs=0.05)


@pytest.mark.parametrize("rate", RATES)
def test_speech_up_to_the_last_sample_is_still_heard_at_the_end(rate):
    stretched = time_stretch(tone(440, 2.0), RATE, rate)

    last = stretched[-round(0.04 / min(rate, 1.0) * RATE) :]
    assert np.sqrt(np.mean(np.square(last))) > 0.1


@pytest.mark.parametrize("rate", [0.4, 0.8, 1.7, 4.0])
def test_no_hole_opens_in_a_steady_tone(rate):
    stretched = time_stretch(tone(440, 2.0), RATE, rate)

    blocks = stretched[: len(stretched) // 480 * 480 - 960].reshape(-1, 480)
    assert np.abs(blocks).max(axis=1).min() > 0.25


def test_rate_one_returns_the_samples_themselves():
    samples = tone(440, 0.1)

    assert np.shares_memory(samples, time_stretch(samples, RATE, 1.0))
    assert np.array_equal(samples, time_stretch(samples, RATE, 1.0))


def test_no_samples_stay_no_samples():
    assert len(time_stretch(np.zeros(0, np.float32), RATE, 1.7)) == 0


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.09, 10.1, float("nan"), float("inf")])
def test_a_rate_outside_the_range_is_refused_with_the_range(rate):
    with pytest.raises(ValueError, match=r"from 0\.1 to 10\.0"):
        time_stretch(tone(440, 0.1), RATE, rate)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 48_000])
def test_every_sample_rate_is_stretched_alike(sample_rate):
    samples = tone(440, 1.0)

    assert len(time_stretch(samples, sample_rate, 1.25)) == round(len(samples) / 1.25)


def test_twenty_decibels_are_a_factor_of_ten_and_none_leave_alone():
    samples = tone(440, 0.1)

    assert np.allclose(gain(samples, 20.0), 10 * samples, rtol=1e-6)
    assert np.allclose(gain(samples, -20.0), samples / 10, rtol=1e-6)
    assert np.float32 == gain(samples, 3.0).dtype
    assert gain(samples, 0.0) is samples


def test_louder_is_monotonous_in_decibels():
    peaks = [float(gain(tone(440, 0.1), db).max()) for db in (-12.0, -6.0, 0.0, 6.0)]

    assert all(low < high for low, high in pairwise(peaks))


def test_importing_the_module_does_not_import_av():
    code = "import sys, koe.stretch; sys.exit('av' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
