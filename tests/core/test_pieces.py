"""Long sentences come in pieces."""

from hypothesis import given
from hypothesis import strategies as st
from koe.api import MAX_CHARACTERS, pieces


@given(st.text("ab ,.;。1", max_size=2_000))
def test_the_pieces_cover_the_text_and_none_is_too_long(text):
    spans = list(pieces(text))
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(0 < len(span) <= MAX_CHARACTERS for span in spans)


def test_a_long_sentence_is_cut_behind_a_clause():
    text = "word " * 40 + "end, " + "word " * 40
    first, _second = pieces(text)
    assert text[: first.end].endswith("end,")


def test_without_a_clause_it_is_cut_behind_a_word():
    text = "word " * 100
    assert all(text[span.start : span.end].endswith(" ") for span in pieces(text))


def test_a_word_without_end_is_cut_anywhere():
    assert [len(span) for span in pieces("x" * 650)] == [300, 300, 50]


def test_a_short_text_is_one_piece():
    assert len(list(pieces("Hello there."))) == 1
    assert list(pieces("")) == []
