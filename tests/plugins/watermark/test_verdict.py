"""From made-up evidence to verdicts, threshold by threshold."""

import numpy as np
import pytest
from attrs import evolve
from koe_watermark.evidence import Evidence
from koe_watermark.segments import segments
from koe_watermark.verdict import judge

FRAMES = 100


def evidence(seconds, score, *, coverage=0.9, flux_db=12.0, low_cut=0, level_db=20.0):
    size = round(seconds * FRAMES)
    values = (level_db, score, coverage, flux_db, low_cut)
    return Evidence(*(np.broadcast_to(np.float32(value), size).copy() for value in values))


def verdict(given, seconds=None):
    return judge(given, given.frames / FRAMES if seconds is None else seconds, "test")


@pytest.mark.parametrize(
    ("seconds", "score", "marked", "threshold"),
    [
        (0.8, 0.59, None, 0.6),
        (0.8, 0.61, True, 0.6),
        (0.8, 0.16, None, 0.6),
        (0.8, 0.14, False, 0.6),
        (1.5, 0.49, None, 0.5),
        (1.5, 0.51, True, 0.5),
        (5.0, 0.49, None, 0.5),
        (5.0, 0.51, True, 0.5),
        (5.0, 0.31, None, 0.5),
        (5.0, 0.29, False, 0.5),
    ],
)
def test_the_threshold_falls_with_the_length(seconds, score, marked, threshold):
    found = verdict(evidence(seconds, score))
    assert (found.watermarked, found.threshold) == (marked, threshold)
    assert found.reason == ("weak" if marked is None else None)
    assert found.confidence == pytest.approx(score, abs=1e-3)


def test_without_a_low_end_the_threshold_is_higher_and_a_warning_says_so():
    found = verdict(evidence(5, 0.6, low_cut=20))
    assert (found.watermarked, found.reason, found.threshold) == (None, "weak", 0.7)
    assert "no sound below 312 Hz" in found.warnings[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"coverage": 0.3}, "unsuitable_spectrum"),
        ({"flux_db": 2.0}, "tonal"),
        ({"flux_db": 6.0}, "tonal"),
        ({"level_db": -90.0}, "too_short_or_silent"),
    ],
)
def test_a_high_score_of_unsuitable_sound_is_no_verdict(change, reason):
    found = verdict(evidence(5, 1.0, **change))
    assert (found.watermarked, found.reason, found.segments) == (None, reason, ())


@pytest.mark.parametrize("change", [{"low_cut": 60}, {"coverage": 0.7}])
def test_without_much_of_the_band_nothing_is_called_unmarked(change):
    found = verdict(evidence(5, 0.0, **change))
    assert (found.watermarked, found.reason) == (None, "unsuitable_spectrum")


def test_noise_may_be_called_unmarked():
    assert verdict(evidence(5, 0.0, flux_db=6.0)).watermarked is False


def test_mostly_unsuitable_sound_is_not_called_unmarked():
    mixed = Evidence.joined([evidence(4, 0.0), evidence(6, 0.0, flux_db=1.0)])
    found = verdict(mixed)
    assert (found.watermarked, found.reason) == (None, "tonal")
    assert any("left out" in warning for warning in found.warnings)


def test_a_marked_part_is_told_with_its_place():
    mixed = Evidence.joined([evidence(10, 0.0), evidence(4, 1.0), evidence(10, 0.0)])
    found = verdict(mixed)
    assert (found.watermarked, found.confidence, found.threshold) == (True, 1.0, 0.7)
    assert [(span.start, span.end) for span in found.segments] == [(10.0, 14.0)]
    assert found.marked_seconds == 4.0
    assert found.warnings == ("only a part is marked: see the segments",)


def test_one_short_peak_is_neither_yes_nor_no():
    mixed = Evidence.joined([evidence(10, 0.0), evidence(1.5, 1.0), evidence(10, 0.0)])
    assert (verdict(mixed).watermarked, verdict(mixed).reason) == (None, "weak")


def test_pauses_count_for_nothing():
    paused = Evidence.joined([evidence(2, 1.0), evidence(20, 0.0, level_db=-90.0), evidence(2, 1.0)])
    found = verdict(paused)
    assert (found.watermarked, found.confidence, found.active_seconds) == (True, 1.0, 4.0)


def test_no_number_is_ever_outside_its_range():
    wild = verdict(evidence(5, 7.5))
    assert wild.confidence == 1.0
    assert all(span.confidence == 1.0 for span in wild.segments)
    assert verdict(evidence(5, -3.0)).confidence == 0.0
    assert verdict(evidence(5, np.nan)).confidence == 0.0


def test_an_end_never_lies_behind_the_audio():
    found = verdict(evidence(5, 1.0), seconds=4.995)
    assert found.segments[-1].end <= 5.0
    assert found.duration_seconds == 4.995


def test_nothing_at_all_is_too_short():
    assert verdict(evidence(0, 0.0)).reason == "too_short_or_silent"


def test_segments_are_parted_by_unmarked_sound_and_not_by_pauses():
    usable = np.ones(1_000, np.bool_)
    score = np.zeros(1_000, np.float32)
    score[100:300] = score[400:600] = score[620:800] = 1.0
    assert segments(score, usable) == [(100, 300), (400, 800)]
    usable[300:400] = False
    assert segments(score, usable) == [(100, 800)]


def test_evidence_is_joined_in_order():
    first, second = evidence(1, 0.0), evolve(evidence(1, 1.0), level_db=np.zeros(100, np.float32))
    joined = Evidence.joined([first, second])
    assert joined.frames == 200
    assert joined.score[150] == 1.0
    assert joined.level_db[150] == 0.0
