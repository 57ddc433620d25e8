"""Moving stress marks."""

import pytest
from koe_g2p.stress import Emphasis, weight


@pytest.mark.parametrize(
    ("emphasis", "phonemes", "expected"),
    [
        (Emphasis.NONE, "nˌIntˈin", "nIntin"),
        (Emphasis.LOWERED, "nˌIntˈin", "nIntˌin"),
        (Emphasis.LOWERED, "nˌIn", "nˌIn"),
        (Emphasis.AS_IS, "nˌIntˈin", "nˌIntˈin"),
        (Emphasis.MARKED, "ðə", "ðˌə"),
        (Emphasis.MARKED, "kˈæt", "kˈæt"),
        (Emphasis.RAISED, "ðə", "ðˈə"),
        (Emphasis.RAISED, "hˌɪz", "hˈɪz"),
        (Emphasis.RAISED, "s", "s"),
    ],
)
def test_an_emphasis_moves_the_marks(emphasis, phonemes, expected):
    assert emphasis.apply(phonemes) == expected


def test_diphthongs_and_affricates_weigh_double():
    assert weight("ʧIn") == 5
