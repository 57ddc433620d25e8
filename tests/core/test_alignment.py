"""Offsets of rewritten text lead back to the user's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.alignment import Alignment, Span
from koe.types import GivenPhonemes, Segment, VoiceMix


def _segment(text, given=()):
    return Segment(text, VoiceMix.of("v"), "en", given=given)


def test_verbatim_text_maps_to_itself():
    assert Alignment.verbatim(10).source(2, 5) == Span(2, 5)


def test_a_rewrite_maps_all_its_characters_to_the_whole_original():
    segment = _segment("I pay $3.50 now").replace(6, 11, "three dollars fifty")
    assert segment.text == "I pay three dollars fifty now"
    assert segment.source(6, 11) == Span(6, 11)
    assert segment.source(20, 25) == Span(6, 11)
    assert segment.source(26, 29) == Span(12, 15)


def test_a_rewrite_of_a_rewrite_still_leads_to_the_user_s_text():
    segment = _segment("see p. 5").replace(7, 8, "five").replace(4, 6, "page")
    assert segment.text == "see page five"
    assert segment.source(9, 13) == Span(7, 8)
    assert segment.source(4, 8) == Span(4, 6)


def test_a_slice_keeps_its_place_in_the_text():
    segment = _segment("One. Two.").slice(5, 9)
    assert (segment.text, segment.source()) == ("Two.", Span(5, 9))


def test_a_removal_shortens_the_text_only():
    segment = _segment("a*b*c").replace(1, 2, "").replace(2, 3, "")
    assert segment.text == "abc"
    assert [segment.source(i, i + 1) for i in range(3)] == [Span(0, 1), Span(2, 3), Span(4, 5)]


def test_given_phonemes_move_with_a_rewrite_before_them():
    given = (GivenPhonemes(Span(2, 5), "abc"),)
    segment = _segment("1 two", given).replace(0, 1, "one")
    assert segment.given[0].span == Span(4, 7)
    assert segment.text[4:7] == "two"


def test_a_rewrite_of_given_phonemes_is_refused():
    with pytest.raises(ValueError, match="protected"):
        _segment("1 two", (GivenPhonemes(Span(2, 5), "abc"),)).replace(1, 3, "x")


@given(st.data())
def test_any_chain_of_rewrites_keeps_text_and_alignment_in_step(data):
    segment = _segment(data.draw(st.text(alphabet="ab c", min_size=1, max_size=20)))
    length = len(segment.text)
    for _ in range(data.draw(st.integers(0, 5))):
        start = data.draw(st.integers(0, len(segment.text)))
        end = data.draw(st.integers(start, len(segment.text)))
        segment = segment.replace(start, end, data.draw(st.text(alphabet="xyz", max_size=4)))
        assert len(segment.alignment) == len(segment.text)
        for index in range(len(segment.text)):
            span = segment.source(index, index + 1)
            assert 0 <= span.start <= span.end <= length
