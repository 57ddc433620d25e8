"""What every encoder checks and converts."""

import subprocess
import sys

import numpy as np
import pytest
from koe.testing.audio import cut, speechlike, tone
from koe_formats.intake import Intake, to_int16

from tests.plugins.formats.helpers import chunk


def test_sixteen_bit_audio_comes_out_as_it_was():
    values = np.arange(-32_768, 32_768, dtype=np.int16)

    assert np.array_equal(values, to_int16(values.astype(np.float32) / np.float32(32_768)))


def test_full_scale_and_more_is_clipped_and_never_wraps():
    given = np.array([1.0, -1.0, 1.5, -7.0, 0.99999], np.float32)

    assert to_int16(given).tolist() == [32_767, -32_768, 32_767, -32_768, 32_767]


def test_samples_are_rounded_to_the_nearest_value():
    given = np.array([0.4, 0.6, -0.4, -0.6], np.float32) / np.float32(32_768)

    assert to_int16(given).tolist() == [0, 1, 0, -1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("output_rate", [24_000, 16_000])
def test_samples_that_are_not_finite_are_refused_with_their_place(bad, output_rate):
    samples = tone(440, 0.1, 24_000)
    samples[[7, 9]] = bad

    with pytest.raises(
        ValueError, match="2 samples that are not finite, the first at index 7 of a chunk of 2400"
    ):
        Intake(24_000, output_rate).take(chunk(samples))


def test_a_chunk_of_another_sample_rate_is_refused():
    with pytest.raises(ValueError, match="opened for 24000 Hz and was fed a chunk of 22050 Hz"):
        Intake(24_000, 24_000).take(chunk(tone(440, 0.1, 22_050), 22_050))


def test_samples_of_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n,\), not \(2, 10\)"):
        Intake(24_000, 24_000).take(chunk(np.zeros((2, 10), np.float32)))


@pytest.mark.parametrize("output_rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("length", [0, 1, 575, 24_001])
def test_resampling_keeps_the_length_in_seconds(output_rate, length):
    intake = Intake(24_000, output_rate)
    taken = sum(len(intake.take(piece)) for piece in cut(speechlike(length, 24_000), 24_000, 480))

    assert abs(taken + len(intake.drain()) - length * output_rate / 24_000) <= 0.5


def test_resampling_keeps_the_signal():
    intake = Intake(24_000, 48_000)
    pieces = [intake.take(piece) for piece in cut(tone(1_000, 1.0, 24_000), 24_000, 480)]
    resampled = np.concatenate([*pieces, intake.drain()])

    expected = tone(1_000, 1.0, 48_000)
    assert np.abs(resampled - expected)[480:-480].max() < 0.0001


def test_what_resampling_overshoots_is_clipped():
    square = np.sign(tone(300, 0.5, 24_000)).astype(np.float32)

    assert np.abs(Intake(24_000, 44_100).take(chunk(square))).max() <= 1.0


def test_without_a_change_of_rate_soxr_is_not_imported():
    code = "import sys; from koe_formats.intake import Intake; Intake(1, 1); sys.exit('soxr' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
