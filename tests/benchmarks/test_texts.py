"""Texts of benchmarks have the length that was asked for, and differ."""

from itertools import islice

import pytest

from benchmarks import texts


@pytest.mark.parametrize("count", [10, 11, 40, 100, 999, 20_000])
def test_a_text_has_exactly_so_many_characters(count):
    text = texts.of_characters(count, seed=count)
    assert len(text) == count
    assert text.rstrip("!")[-1] == "."


def test_a_text_has_exactly_so_many_words():
    assert [len(texts.of_words(count, 1).split()) for count in (1, 25, 60, 400)] == [1, 25, 60, 400]


def test_other_seeds_give_other_texts():
    assert len({texts.of_words(20, seed) for seed in range(50)}) == 50
    assert len(set(islice(texts.short(3), 100))) > 60
