"""The pieces of words."""

import pytest
from koe_g2p.pieces import kinds, pieces


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("well-known", ["well", "-", "known"]),
        ("iPhone", ["i", "Phone"]),
        ("XFile", ["X", "File"]),
        ("URLs", ["URLs"]),
        ("A320's", ["A", "320", "'", "s"]),
        ("don't", ["don't"]),
        ("'tis'", ["'", "tis", "'"]),
        ("-5", ["-5"]),
        ("1,234.5", ["1,234.5"]),
        ("10:30", ["10", ":", "30"]),
        ("naïve", ["naïve"]),
        ("", []),
    ],
)
def test_a_word_is_taken_apart(word, expected):
    assert pieces(word) == expected


def test_kinds_of_characters_are_counted_but_silent_ones_are_not():
    assert [kinds(word) for word in ("well-known", "A1", "10%", "R&B")] == [1, 2, 2, 2]
