"""Number words."""

import pytest
from koe_g2p import numerals


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (numerals.cardinal(0), "zero"),
        (numerals.cardinal(120), "one hundred twenty"),
        (numerals.cardinal(numerals.LARGEST)[:4], "nine hundred ninety nine"),
        (numerals.ordinal(21), "twenty first"),
        (numerals.ordinal(40), "fortieth"),
        (numerals.ordinal(1000), "one thousandth"),
        (numerals.year(1984), "nineteen eighty four"),
        (numerals.year(1905), "nineteen oh five"),
        (numerals.year(1900), "nineteen hundred"),
        (numerals.year(2005), "two thousand five"),
        (numerals.digits("007"), "zero zero seven"),
    ],
)
def test_numbers_have_names(made, words):
    assert made == words.split()
