"""Spanish, French, Italian, Portuguese and German: what the scorecard does not show."""

import pytest
from attrs import fields
from koe.api import Span
from koe_text import EuropeanConfig

from tests.plugins.text.build import normalizer, plugin, segment, texts

SWITCHES = {
    "abbreviations": ("es", "EE. UU.", "EE. UU."),
    "cardinals": ("es", "1 hora", "1 hora"),
    "dates": ("de", "die 80er", "die 80er"),
    "fractions": ("pt", "1/2 hora", "1/2 hora"),
    "math": ("pt", "3 + 4", "três + quatro"),
    "ordinals": ("pt", "1.º", "1.º"),
    "ranges": ("it", "10-15", "10-15"),
    "romans": ("fr", "Louis XIV", "Louis XIV"),
    "symbols": ("de", "A & B", "A & B"),
    "telephones": ("es", "912 345 678", "912 345 678"),
    "times": ("pt", "14h30", "14h30"),
}


def european(text: str, language: str, **switches) -> str:
    made = plugin(european=EuropeanConfig(**switches)) if switches else None
    (one,) = texts("european", text, language, made)
    return one


def test_every_category_has_a_switch_and_a_test():
    assert {field.name for field in fields(EuropeanConfig)} == set(SWITCHES)


@pytest.mark.parametrize("category", SWITCHES)
def test_a_category_that_is_off_stays_as_written(category):
    language, text, left = SWITCHES[category]
    assert european(text, language) != left
    assert european(text, language, **{category: False}) == left


def test_a_region_changes_nothing():
    assert european("3 gatos", "es-MX") == european("3 gatos", "es")


@pytest.mark.parametrize(
    ("language", "text"), [("es", "Hola, ¿qué tal?"), ("fr", "L'été est là."), ("de", "Schöne Grüße!")]
)
def test_what_needs_no_rewriting_stays_as_it_is(language, text):
    assert european(text, language) == text


def test_given_phonemes_stay():
    (made,) = normalizer("european").normalize(segment("3 koe 5", "es", given=(("koe", "kˈoe"),)))
    assert [made.text[one.span.start : one.span.end] for one in made.given] == ["koe"]
    assert not any(character.isdigit() for character in made.text)


def test_a_rewritten_word_points_to_what_was_written():
    text = "Felipe VI tiene 12,50 € hoy"
    (made,) = normalizer("european").normalize(segment(text, "es"))
    for word, written in [("sexto", "Felipe VI"), ("euros", "12,50 €"), ("hoy", "hoy")]:
        start = made.text.index(word)
        span = made.source(start, start + len(word))
        assert text[span.start : span.end] == written
    assert made.source(len(made.text) - 3) == Span(24, 27)


def test_a_failing_library_leaves_the_text_as_written(monkeypatch):
    def broken(*_arguments):
        raise ValueError("outside the reviewed range")

    monkeypatch.setattr("koe_text.spokenform_library._replacements", broken)
    made = plugin()
    assert texts("european", "Tengo 3 gatos", "es", made) == ["Tengo 3 gatos"]
    assert made.fences["spokenform"].left["failed"] == 1
