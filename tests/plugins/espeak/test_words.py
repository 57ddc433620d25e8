import pytest
from koe.api import Span
from koe_espeak.words import place, split_words, tail


def words(text):
    return [text[span.start : span.end] for span in split_words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", ["Hello", "world"]),
        ("(maybe) “yes” - no — so…", ["maybe", "yes", "no", "so"]),
        ("It's 3:45, $1,234.50 at x.com.", ["It's", "3:45", "$1,234.50", "at", "x.com"]),
        ("well-known -3.5", ["well-known", "-3.5"]),
        ("你好，世界。", ["你好", "世界"]),
        ("", []),
        (" … ", []),
    ],
)
def test_words_are_what_stands_between_space_and_punctuation(text, expected):
    assert words(text) == expected


def test_words_of_a_part_keep_their_offsets_in_the_whole():
    assert split_words("one two, three", 4, 8) == [Span(4, 7)]


def spoken(text, places):
    return [(text[w.span.start : w.span.end], w.spoken) for w in place(text, split_words(text), places)]


def test_each_word_gets_what_was_spoken_at_its_place():
    assert spoken("one two", [(0, "A"), (4, "B")]) == [("one", ["A"]), ("two", ["B"])]


def test_a_word_spoken_as_several_keeps_them_in_order():
    assert spoken("in 1984", [(0, "A"), (3, "B"), (4, "C"), (4, "D")]) == [
        ("in", ["A"]),
        ("1984", ["B", "C", "D"]),
    ]


def test_a_word_without_a_sound_joins_the_one_before_it():
    assert spoken("end of the day", [(0, "A"), (4, "B"), (11, "C")]) == [
        ("end", ["A"]),
        ("of the", ["B"]),
        ("day", ["C"]),
    ]


def test_words_do_not_join_across_punctuation():
    assert spoken("end, xyz", [(0, "A")]) == [("end", ["A"]), ("xyz", [])]


def test_a_place_between_words_belongs_to_the_next_that_has_none_of_its_own():
    assert spoken("one. of", [(0, "A"), (4, "B")]) == [("one", ["A"]), ("of", ["B"])]
    assert spoken("@ hi", [(0, "A"), (1, "B"), (2, "C")]) == [("@", ["A", "B"]), ("hi", ["C"])]


def test_nothing_is_lost_where_there_is_no_word():
    assert spoken("…", [(0, "A")]) == [("…", ["A"])]


def test_symbols_without_a_sound_are_left_out():
    assert spoken("a ^^ b", [(0, "A"), (5, "B")]) == [("a", ["A"]), ("b", ["B"])]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (" \n\t ", " "),
        ("!) — (“", "!) — (“"),
        ("，", ","),
        ("。 ", ". "),
        ("» ", "” "),
        (" - ", " — "),
        ("--", "—"),
        (" ^^ ", " "),
        ("", ""),
    ],
)
def test_a_tail_is_punctuation_as_engines_know_it_and_single_spaces(between, expected):
    assert tail(between) == expected
