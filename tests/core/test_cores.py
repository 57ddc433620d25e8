"""Inferences at the same time share the cores, and are reckoned as if all of them ran."""

import pytest
from koe.cores import Sharing, SideBySide
from koe.settings import InferenceSettings


@pytest.mark.parametrize(("cores", "places"), [(1, 1), (2, 2), (4, 4), (6, 4), (8, 4), (16, 8), (64, 32)])
def test_as_many_inferences_run_at_the_same_time_as_keep_the_cores_busy(cores, places):
    sharing = Sharing.of(InferenceSettings(), cores)
    assert (sharing.places, sharing.threads) == (places, cores)


def test_an_accelerator_does_one_inference_at_a_time():
    assert Sharing.of(InferenceSettings(providers=("cuda", "cpu")), 8).places == 1


def test_what_the_config_says_holds():
    sharing = Sharing.of(InferenceSettings(threads=3, concurrency=5), 8)
    assert (sharing.places, sharing.threads) == (5, 3)


@pytest.mark.parametrize(
    ("sharing", "running", "slowdown"),
    [
        (Sharing(2, 2, 2), 1, 2),
        (Sharing(2, 2, 2), 1.5, 4 / 3),
        (Sharing(2, 2, 2), 2, 1),
        (Sharing(2, 1, 2), 1, 1),
        (Sharing(4, 2, 4), 1, 2),
        (Sharing(4, 2, 4), 2, 2),
        (Sharing(4, 2, 4), 3, 4 / 3),
        (Sharing(1, 8, 8), 1, 1),
        (Sharing(2, 2, 2), 9, 1),
    ],
)
def test_an_inference_that_is_alone_would_take_longer_in_company(sharing, running, slowdown):
    assert sharing.slowdown(running) == pytest.approx(slowdown)
    assert sharing.shared == (sharing.slowdown(1) > 1)


def test_the_company_of_an_inference_is_averaged_over_its_time():
    beside = SideBySide()
    beside.begin("long", 10)
    beside.begin("short", 12)
    assert beside.end("short", 14) == pytest.approx(2)
    assert beside.end("long", 20) == pytest.approx(1.2)
    assert beside.end("unknown", 20) == 1


def test_an_inference_that_took_no_time_was_alone():
    beside = SideBySide()
    beside.begin("quick", 5)
    assert beside.end("quick", 5) == 1
