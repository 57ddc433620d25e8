"""A language finds a voice."""

import pytest
from koe.errors import UnsupportedLanguageError
from koe.types import Voice
from koe_wyoming.requests import voice_of_language

VOICES = [Voice("amy", "en-GB"), Voice("ann", "en-US"), Voice("eva", "de"), Voice("zoe", "pt-BR")]


@pytest.mark.parametrize(
    ("language", "voice"),
    [("en-US", "ann"), ("en_US", "ann"), ("EN-us", "ann"), ("en", "amy"), ("en-AU", "amy"), ("de-AT", "eva")],
)
def test_the_exact_language_wins_then_the_primary_one(language, voice):
    assert voice_of_language(VOICES, language).name == voice


@pytest.mark.parametrize("language", ["fr", "e", "end", "-", "x" * 500])
def test_a_language_that_nobody_speaks_is_an_error_that_lists_those_spoken(language):
    with pytest.raises(UnsupportedLanguageError, match="speak de, en-GB, en-US, pt-BR") as caught:
        voice_of_language(VOICES, language)
    assert len(str(caught.value)) < 200
