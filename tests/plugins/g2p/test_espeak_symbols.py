"""misaki's maps of espeak-ng's IPA."""

import pytest
from koe_g2p.espeak_symbols import from_english, from_other


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("t͡ʃˈɛ͡ɹ", "ʧˈɛɹ"),
        ("bˈɑːɾə͡l", "bˈɑTᵊl"),
        ("lˈe͡ɪzi", "lˈAzi"),
        ("bˈɜːd", "bˈɜɹd"),
        ("nˈe͡ʊtʃɛl", "nˈAʊtʃɛl"),
        ("bˈʌtn̩", "bˈʌtᵊn"),
        ("pɹˈɑspɚɹəs", "pɹˈɑspəɹəs"),
        ("lˈɑx", "lˈɑk"),
    ],
)
def test_american_english(ipa, expected):
    assert from_english(ipa, "american", tied=True) == expected


@pytest.mark.parametrize(
    ("ipa", "expected"), [("hˈe͡ə", "hˈɛː"), ("ɡˈə͡ʊt", "ɡˈQt"), ("nˈiə", "nˈɪə"), ("bˈɜːd", "bˈɜːd")]
)
def test_british_english_keeps_length(ipa, expected):
    assert from_english(ipa, "british", tied=True) == expected


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("pˈit͡sːa", "pˈiʦːa"),
        ("ˈa͡ɪɾe", "ˈIɾe"),
        ("dy-", "dy"),
        ("bʱ", "bʰ"),
        ("ˈʊtsəʋ", "ˈʊtsəʋ"),
        ("ɬɦʉ", "lhu"),
    ],
)
def test_other_languages_keep_what_is_two_sounds(ipa, expected):
    assert from_other(ipa, tied=True) == expected


def test_without_ties_letters_that_mostly_are_one_sound_are_taken_for_it():
    assert from_english("tʃˈaɪ əlˈoʊn", "american", tied=False) == "ʧˈI əlˈOn"
    assert from_other("tʃˈao", tied=False) == "ʧˈao"
