"""NeMo is given little at once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe_nemo.portions import MOST_RUNS, portions

_TEXTS = st.text("ab12 ,.$-", max_size=900)


@given(_TEXTS, st.integers(0, 20))
def test_the_portions_are_in_order_and_leave_nothing_out_that_nemo_reads(text, start):
    start = min(start, len(text))
    end = start
    for span in portions(text, start, len(text)):
        assert not re.search(r"[\d$]", text[end : span.start])
        assert 0 < len(span) <= 300
        assert span.start >= end
        end = span.end
    assert not re.search(r"[\d$]", text[end:])


def test_of_a_long_sentence_nemo_sees_what_it_is_to_read_and_some_words_around_it():
    text = "one two three four five six 7 eight nine ten eleven twelve thirteen fourteen"
    (span,) = portions(text, 0, len(text))
    assert text[span.start : span.end] == "three four five six 7 eight nine ten eleven "


def test_what_is_close_together_is_seen_together():
    text = "7 " + "word " * 7 + "8 " + "word " * 20 + "9"
    first, second = portions(text, 0, len(text))
    assert text[first.start : first.end].split() == ["7", *["word"] * 7, "8", *["word"] * 4]
    assert text[second.start : second.end] == "word word word word 9"


@given(st.lists(st.sampled_from(["word", "5", "$3,", "12/5/2024", "end."]), max_size=120))
def test_no_portion_has_more_runs_of_digits_and_symbols_than_it_may(words):
    text = " ".join(words)
    for span in portions(text, 0, len(text)):
        assert len(re.findall(r"\d+|[^\w\s]", text[span.start : span.end])) <= MOST_RUNS


@pytest.mark.parametrize("filler", ["5 ", "word 5 "])
def test_it_is_cut_behind_a_clause_where_there_is_one(filler):
    text = filler * 10 + "end, " + filler * 10
    first = next(iter(portions(text, 0, len(text))))
    assert text[: first.end].endswith("end, ")
