"""The filter: its gains are Perth's, its delay is constant, its output does not depend on the chunking."""

import numpy as np
import pytest
from koe.testing.audio import speechlike
from koe_watermark.fir import BIN_HZ, Filter, FilterMarker, design
from koe_watermark.perth import gains_db

from tests.plugins.watermark.oracle import SAMPLE_RATE, derived_gains_db, encoder_gains_db

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)


def _response_db(taps, sample_rate, frequencies):
    n = np.arange(len(taps)) - len(taps) // 2
    return 20 * np.log10(np.abs(np.cos(2 * np.pi * np.outer(frequencies, n) / sample_rate) @ taps))


def test_the_shipped_gains_are_those_of_the_wheels_encoder():
    assert np.abs(derived_gains_db() - gains_db()).max() < 0.001


def test_perths_encoder_adds_nearly_the_same_gains_to_any_signal():
    added = encoder_gains_db(speechlike(5 * SAMPLE_RATE, SAMPLE_RATE))
    pattern = gains_db()
    explained = (added * pattern[:, np.newaxis]).sum() ** 2 / (
        (added**2).sum() * (pattern**2).sum() * added.shape[1]
    )
    assert explained > 0.9


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_response_is_symmetric_and_spans_the_same_time_at_any_rate(sample_rate):
    taps = design(gains_db(), sample_rate)
    assert np.array_equal(taps, taps[::-1])
    assert abs(len(taps) / 2 / sample_rate - 1_024 / 24_000) < 1 / sample_rate


def test_at_24_khz_it_has_2049_taps():
    assert len(design(gains_db(), 24_000)) == 2_049


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_bins_have_their_gains_and_all_above_2_khz_stays(sample_rate):
    taps = design(gains_db(), sample_rate)
    made = _response_db(taps, sample_rate, np.arange(128) * BIN_HZ)
    assert np.corrcoef(made, gains_db())[0, 1] > 0.95
    assert np.abs(made - gains_db()).mean() < 0.5  # Hann's window smooths over two bins
    above = np.arange(2_060.0, sample_rate / 2, 50.0)
    assert np.abs(_response_db(taps, sample_rate, above)).max() < 0.02


def test_gains_of_nothing_leave_the_signal_alone():
    taps = design(np.zeros(128), 24_000)
    middle = len(taps) // 2
    assert taps[middle] == 1.0
    assert np.abs(np.delete(taps, middle)).max() == 0.0


def test_the_marker_is_the_plain_convolution_without_its_delay():
    taps = design(gains_db(), 24_000)
    signal = speechlike(50_000, 24_000)
    marker = FilterMarker(Filter(taps))
    marked = np.concatenate([marker.push(signal), marker.flush()])
    assert np.abs(marked - np.convolve(signal, taps, mode="same")).max() < 1e-6


def test_a_click_stays_where_it_is():
    click = np.zeros(9_001, np.float32)
    click[4_321] = 0.5
    marker = FilterMarker(Filter(design(gains_db(), 24_000)))
    marked = np.concatenate([marker.push(click), marker.flush()])
    assert len(marked) == len(click)
    assert np.argmax(np.abs(marked)) == 4_321


def test_no_more_than_the_look_ahead_is_held_back():
    marker = FilterMarker(Filter(design(gains_db(), 24_000)))
    assert len(marker.push(np.zeros(1_024, np.float32))) == 0
    assert len(marker.push(np.zeros(480, np.float32))) == 480


def test_silence_stays_silence():
    marker = FilterMarker(Filter(design(gains_db(), 24_000)))
    assert not np.concatenate([marker.push(np.zeros(30_000, np.float32)), marker.flush()]).any()
