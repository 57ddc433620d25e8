"""Names, aliases and mixes lead to voices, or to an error that helps."""

import pytest
from koe.errors import UnknownVoiceError
from koe.testing.fakes import FakeEngine
from koe.types import VoiceMix
from koe.voices import VoiceBook


def _book(aliases=None, default="", hint=""):
    return VoiceBook.of(FakeEngine(), aliases or {}, default, hint)


def test_an_empty_name_is_the_default_voice():
    assert _book().resolve("") == VoiceMix.of("ann")
    assert _book(default="bob").resolve(" ") == VoiceMix.of("bob")


def test_aliases_of_the_engine_and_of_the_config():
    assert _book().resolve("onyx") == VoiceMix.of("bob")
    assert _book({"onyx": "eva"}).resolve("onyx") == VoiceMix.of("eva")


def test_weights_are_normalised():
    assert _book().resolve("ann(2)+bob(1)").terms == (("ann", 2 / 3), ("bob", 1 / 3))


def test_a_term_may_be_subtracted():
    assert _book().resolve("ann(2)-bob").terms == (("ann", 2.0), ("bob", -1.0))


def test_an_alias_may_stand_for_a_mix_and_stand_in_a_mix():
    book = _book({"duo": "ann+bob"})
    assert book.resolve("duo").terms == (("ann", 0.5), ("bob", 0.5))
    assert book.resolve("duo+eva(1)").terms == (("ann", 0.25), ("bob", 0.25), ("eva", 0.5))


def test_a_voice_named_twice_is_one_voice():
    assert _book().resolve("ann+ann(3)") == VoiceMix.of("ann")


def test_the_mix_is_written_as_it_can_be_asked_for():
    mix = _book().resolve("ann(2)-bob")
    assert str(mix) == "ann(2)-bob(1)"
    assert _book().resolve(str(mix)) == mix


def test_the_language_is_the_first_voice_s():
    book = _book()
    assert book.language(book.resolve("bob+ann")) == "en-GB"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("anna", "Did you mean ann"),
        ("nobody", "no voice 'nobody'"),
        ("ann(0)+bob", "weight of 'ann' must be a number above 0"),
        ("ann(nan)+bob", "weight of 'ann'"),
        ("ann(inf)+bob", "weight of 'ann'"),
        ("ann(x)+bob", "weight of 'ann'"),
        ("ann-bob", "sum to 0"),
        ("ann-bob(5)", "more than 0"),
        ("ann+", "no voice"),
        ("+".join(["ann"] * 17), "more than 16 terms"),
        ("+".join(["ann"] * 10_000), "the limit is 500"),
        ("ann bob", "no voice"),
    ],
)
def test_what_cannot_be_spoken_is_refused(expression, said):
    with pytest.raises(UnknownVoiceError, match=said) as caught:
        _book().resolve(expression)
    assert caught.value.param == "voice"


def test_aliases_in_a_circle_are_refused():
    with pytest.raises(UnknownVoiceError, match="a -> b -> a"):
        _book({"a": "b", "b": "a"}).resolve("a")


def test_the_hint_follows_an_unknown_name():
    with pytest.raises(UnknownVoiceError, match="koe model download"):
        _book(hint=" Get it with `koe model download`.").resolve("af_heart")
