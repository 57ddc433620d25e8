"""Markers are held to what they promise, and samples to what encoders take."""

import numpy as np
import pytest
from koe.testing.audio import tone
from koe_watermark.marking import Marking
from koe_watermark.schemes import Marker

from tests.plugins.watermark.build import Inverting

TONE = tone(200, 0.5, 24_000)


class Says(Marker):
    """Answers with what it is told to."""

    def __init__(self, pushed, flushed=()):
        self.answers = {"push": pushed, "flush": np.asarray(flushed, np.float32)}

    def push(self, samples):
        return self.answers["push"]

    def flush(self):
        return self.answers["flush"]


def test_markers_mark_one_after_the_other_and_none_loses_the_end():
    marking = Marking([Inverting(delay=700), Inverting(delay=300)])
    made = np.concatenate([marking.push(TONE[:1_000]), marking.push(TONE[1_000:]), marking.flush()])
    assert np.array_equal(made, TONE * np.float32(0.25))


def test_samples_that_are_not_finite_become_silence_before_they_are_marked():
    broken = TONE.copy()
    broken[[3, 5, 7]] = np.nan, np.inf, -np.inf
    marking = Marking([Inverting()])
    made = marking.push(broken)
    assert marking.replaced == 3
    assert np.isfinite(made).all()
    assert not made[[3, 5, 7]].any()
    assert np.isnan(broken[3]), "the caller's samples stay as they are"


def test_what_lies_outside_full_scale_is_clipped_and_counted():
    marking = Marking([Inverting()])
    made = marking.push(np.array([4.0, -2.0, -6.0, 1.0], np.float32))
    assert made.tolist() == [-1.0, 1.0, 1.0, -0.5]
    assert marking.clipped == 2


@pytest.mark.parametrize(
    "answer",
    [np.full(10, np.nan, np.float32), np.zeros(10), np.zeros((2, 5), np.float32), np.zeros(11, np.float32)],
    ids=["not finite", "float64", "two rows", "too many"],
)
def test_a_marker_that_makes_no_audio_fails(answer):
    with pytest.raises(RuntimeError, match="the watermark made"):
        Marking([Says(answer)]).push(np.zeros(10, np.float32))


def test_a_marker_that_loses_samples_fails_at_the_end():
    marking = Marking([Says(np.zeros(4, np.float32), np.zeros(3))])
    marking.push(np.zeros(10, np.float32))
    with pytest.raises(RuntimeError, match="lost 3 of 10 samples"):
        marking.flush()
