"""Live text is cut where sentences and clauses certainly end, in any portions, without losing a character."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.livetext import FIRST_CLAUSE, LATER_CLAUSE, LONGEST, LiveText, WholeText
from koe.text import Sentences
from koe.types import Segment, VoiceMix


def _pieces(*texts):
    live = LiveText()
    return [piece for text in texts for piece in live.feed(text)] + live.flush()


def _sentences(text):
    return [segment.text for segment in Sentences().normalize(Segment(text, VoiceMix.of("v"), "en"))]


def test_a_sentence_is_released_when_the_next_word_begins():
    live = LiveText()
    assert live.feed("It is late.") == []
    assert live.feed(" ") == []
    assert live.feed("G") == ["It is late. "]
    assert live.feed("ood") == []
    assert live.flush() == ["Good"]


@pytest.mark.parametrize(
    "text",
    [
        "It costs 3.50 euros",
        "Dr. Smith met Mrs. Jones",
        "See No. 5 there",
        "wait... what",
        "Use e.g. this",
        "J. R. R. Tolkien",
        "www.example.org is it",
    ],
)
def test_no_sentence_ends_where_a_word_goes_on(text):
    assert _pieces(*text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes! No? Well… Good.", ["Yes! ", "No? ", "Well… ", "Good."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.” ", "Then he left."]),
        ("A title\n\nThe text", ["A title\n\n", "The text"]),
        ("List:\n- one\n- two\n", ["List:\n", "- one\n", "- two\n"]),
        ("これは本です。はい！そう", ["これは本です。", "はい！", "そう"]),
        ("One.\n\n\n  Two.", ["One.\n\n\n  ", "Two."]),
    ],
)
def test_every_portion_gives_the_same_sentences(text, expected):
    for size in (1, 2, 3, 7, len(text)):
        assert _pieces(*(text[start : start + size] for start in range(0, len(text), size))) == expected


def test_the_first_piece_may_be_a_clause_so_that_sound_begins_soon():
    live = LiveText()
    assert live.feed("As far as anybody knows,") == []
    assert live.feed(" nobody") == ["As far as anybody knows, "]
    assert live.feed(" has ever seen it, or so they say, if") == []
    assert live.flush() == ["nobody has ever seen it, or so they say, if"]


def test_a_clause_that_is_too_short_to_speak_alone_waits_for_more():
    assert len("Well, ") < FIRST_CLAUSE
    assert _pieces("Well, I do not ", "know") == ["Well, I do not know"]


def test_a_comma_in_a_number_ends_no_clause():
    assert _pieces(*"More than a few of the 1,000,000 people") == ["More than a few of the 1,000,000 people"]


def test_later_clauses_are_released_where_the_sentence_gets_long():
    clause = "and on it went for quite a while, "
    pieces = _pieces(*(clause * 12))
    assert pieces[0] == clause
    assert all(LATER_CLAUSE <= len(piece) < LATER_CLAUSE + 2 * len(clause) for piece in pieces[1:-1])


def test_after_a_flush_a_new_text_begins():
    live = LiveText()
    live.feed("One. Two")
    assert live.flush() == ["Two"]
    assert live.flush() == []
    assert live.feed("As far as anybody knows, so") == ["As far as anybody knows, "]


def test_a_run_without_any_end_is_cut_before_a_word():
    text = "word " * 1000
    pieces = _pieces(text)
    assert all(LONGEST - 5 <= len(piece) <= LONGEST and piece.endswith(" ") for piece in pieces[:-1])


def test_a_word_without_end_is_cut_anywhere():
    assert [len(piece) for piece in _pieces("x" * (2 * LONGEST + 1))] == [LONGEST, LONGEST, 1]


@given(st.lists(st.text("aB1 .,!?…\n-。、»\")'\u00e9", max_size=60), max_size=30))
def test_nothing_is_lost_or_reordered_or_held_back_without_limit(portions):
    live = LiveText()
    given_back = ""
    for portion in portions:
        given_back += "".join(live.feed(portion))
    rest = "".join(live.flush())
    assert len(rest) <= LONGEST
    assert given_back + rest == "".join(portions)


@given(st.text("aB1 .!?…\n-", max_size=200), st.integers(1, 9))
def test_cutting_gives_the_sentences_of_the_whole_text(text, size):
    """Except for a context that reaches over a cut: none of these does."""
    pieces = _pieces(*(text[start : start + size] for start in range(0, len(text), size)))
    assert [sentence for piece in pieces for sentence in _sentences(piece)] == _sentences(text)


@pytest.mark.parametrize("unit", [".", ". ", "J. ", "\n", " ", "?!", "a", "Dr. ", "\n1", "。", '."', ", "])
def test_cost_grows_linearly_with_endless_repetition(unit):
    """Ten times the text, a character at a time, takes less than forty times the time."""

    def cost(count):
        start = time.process_time()
        _pieces(*(unit * count))
        return time.process_time() - start

    small = min(cost(500) for _ in range(3))
    assert cost(5_000) < 40 * small + 0.05


def test_a_large_text_at_once_costs_no_more_than_its_length():
    def cost(count):
        start = time.process_time()
        _pieces("Some words, and more of them. " * count)
        return time.process_time() - start

    small = min(cost(500) for _ in range(3))
    assert cost(5_000) < 40 * small + 0.05


def test_markup_is_kept_whole():
    whole = WholeText()
    assert whole.feed("<speak>One. ") == []
    assert whole.feed("Two.</speak>") == []
    assert whole.flush() == ["<speak>One. Two.</speak>"]
    assert whole.flush() == []
