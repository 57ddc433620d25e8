"""Percentiles."""

from koe.bench.figures import percentiles


def test_percentiles_are_by_nearest_rank():
    values = [float(value) for value in range(100, 0, -1)]
    assert percentiles(values) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_of_few_values_the_high_ones_are_the_slowest():
    assert percentiles([3.0, 1.0]) == {"p50": 1.0, "p95": 3.0, "p99": 3.0, "max": 3.0}


def test_of_nothing_there_are_none():
    assert percentiles([]) is None
