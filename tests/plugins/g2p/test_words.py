"""Where words begin and end."""

import pytest
from koe.alignment import Span
from koe.types import GivenPhonemes
from koe_g2p.words import split


def _split(text):
    found = split(text)
    return [("", found.opening)] * bool(found.opening) + [(word.text, word.tail) for word in found.words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a, b.", [("a", ", "), ("b", ".")]),
        ("a,b 1,000 10:30", [("a", ","), ("b", " "), ("1,000", " "), ("10:30", "")]),
        ("end.Next e.g. this", [("end", "."), ("Next", " "), ("e.g.", " "), ("this", "")]),
        ("example.com.", [("example.com", ".")]),
        ("well-known - yes--no", [("well-known", " — "), ("yes", "—"), ("no", "")]),
        ("-5 and 3-4", [("-5", " "), ("and", " "), ("3-4", "")]),
        ('"Yes" [no]', [("", "“"), ("Yes", "” ("), ("no", ")")]),
        ("x*2 #a", [("x", " "), ("2", " "), ("a", "")]),
        ("wait... what", [("wait", "... "), ("what", "")]),
        ("Mr. X met Dr. No.", [("Mr.", " "), ("X", " "), ("met", " "), ("Dr.", " "), ("No", ".")]),
        (
            "the U.S. army; the U.S.",
            [("the", " "), ("U.S.", " "), ("army", "; "), ("the", " "), ("U.S", ".")],
        ),
        ("'", []),
        ("", []),
    ],
)
def test_a_text_is_split_into_words_and_tails(text, words):
    assert _split(text) == words


def test_quotation_marks_are_looked_up_but_are_no_part_of_the_word():
    word = split("'quoted'").words[0]
    assert (word.text, word.start, word.end) == ("'quoted'", 1, 7)


def test_given_phonemes_are_one_word_even_inside_another():
    words = split("foobar", (GivenPhonemes(Span(3, 6), "x"),)).words
    assert [(word.text, word.given) for word in words] == [("foo", None), ("bar", "x")]


def test_overlong_words_are_cut_and_lose_nothing():
    words = split("y" * 250).words
    assert [len(word.text) for word in words] == [100, 100, 50]
    assert [word.tail for word in words] == ["", "", ""]
