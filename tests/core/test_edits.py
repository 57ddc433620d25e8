"""Many rewrites at once equal the same rewrites one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.api import CLOSED, Draft, Edit, GivenPhonemes, Span, rewritten

from tests.plugins.text.build import segment

_RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.text("xyz ", max_size=5)), max_size=8)


@given(st.text("abc 12", min_size=30, max_size=40), _RANGES)
def test_rewriting_at_once_equals_segment_replace_for_each(text, ranges):
    edits, end = [], 0
    for start, length, new in sorted(ranges):
        if start >= end and length:
            edits.append(Edit(start, start + length, new))
            end = start + length
    expected = segment(text)
    for edit in reversed(edits):
        expected = expected.replace(edit.start, edit.end, edit.text or "")
    made = rewritten(segment(text), edits)
    assert made.text == expected.text
    assert len(made.alignment) == len(made.text)
    assert [made.source(place, place + 1) for place in range(len(made.text))] == [
        expected.source(place, place + 1) for place in range(len(expected.text))
    ]


def test_given_phonemes_move_with_the_text_and_are_never_rewritten():
    made = rewritten(segment("1 koe 2", given=(("koe", "kˈoʊeɪ"),)), [Edit(0, 1, "one"), Edit(3, 7, "lost")])
    assert made.text == "one koe 2"
    assert made.given == (GivenPhonemes(Span(4, 7), "kˈoʊeɪ"),)


def test_of_edits_that_overlap_the_first_and_longest_wins():
    made = rewritten(segment("10 km"), [Edit(0, 2, "ten"), Edit(0, 5, "ten kilometers"), Edit(3, 5, "?")])
    assert made.text == "ten kilometers"


def test_what_is_spoken_is_closed_to_later_passes():
    draft = Draft.of(segment("5 and 6")).edited([Edit(0, 1, "five")])
    assert draft.open_text == CLOSED * 4 + " and 6"
    assert draft.edited([Edit(2, 6, "lost"), Edit(9, 10, "six")]).text == "five and six"


def test_what_is_to_stay_as_written_is_closed_as_it_is():
    draft = Draft.of(segment("5 and 6")).edited([Edit(0, 1, None)])
    assert (draft.text, draft.open_text) == ("5 and 6", CLOSED + " and 6")
    assert draft.edited([Edit(0, 1, "five"), Edit(6, 7, "six")]).text == "5 and six"


@pytest.mark.parametrize(
    ("text", "edit", "expected"),
    [
        ("5kg", Edit(0, 1, "five"), "five kg"),
        ("x5", Edit(1, 2, "five"), "x five"),
        ("(5)", Edit(1, 2, "five"), "(five)"),
        ("第5回", Edit(1, 2, "五"), "第五回"),
    ],
)
def test_a_rewrite_never_sticks_to_a_letter_but_in_languages_without_spaces(text, edit, expected):
    assert Draft.of(segment(text)).edited([edit]).text == expected


def test_every_rewritten_word_points_to_what_was_written():
    made = Draft.of(segment("It is 1,200 now")).edited([Edit(6, 11, "one thousand two hundred")]).segment
    start = made.text.index("thousand")
    assert made.source(start, start + len("thousand")) == Span(6, 11)
    start = made.text.index("now")
    assert made.source(start, start + 3) == Span(12, 15)
