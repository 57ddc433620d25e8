"""Names, aliases and mixes lead to voices, or to an error that helps."""

import time

import pytest
from koe.errors import UnknownVoiceError
from koe.testing.fakes import FakeEngine
from koe.types import VoiceMix
from koe.voices import MAX_NESTING, ListedVoice, VoiceBook


class SingleVoiceEngine(FakeEngine):
    mixes = False


def _book(aliases=None, default="", hint="", mixes=None, engine=None):
    return VoiceBook.of(engine or FakeEngine(), aliases or {}, default, hint, mixes)


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
        ("ann2", "no voice 'ann2'"),
        ("nobody(2)", "no voice 'nobody'"),
        ("ann+nobody", "no voice 'nobody'"),
        ("-ann", "sum to -1"),
        ("ann(1e308)+bob(1e308)", "weight of 'ann'"),
        ("ann(1e-320)+bob(1e-320)", "weight of 'ann'"),
        ("ann(100)-bob(99)", "would count 100 times"),
    ],
)
def test_what_cannot_be_spoken_is_refused(expression, said):
    with pytest.raises(UnknownVoiceError, match=said) as caught:
        _book().resolve(expression)
    assert caught.value.param == "voice"


def test_aliases_in_a_circle_are_refused():
    with pytest.raises(UnknownVoiceError, match="a -> b -> a"):
        _book({"a": "b", "b": "a"}).resolve("a")


def test_a_voice_with_a_weight_is_that_voice():
    assert _book().resolve("ann(3)") == _book().resolve("+ann") == VoiceMix.of("ann")


def test_the_language_is_that_of_the_first_voice_that_is_added():
    book = _book()
    assert book.language(book.resolve("-ann+bob(3)")) == "en-GB"


def test_saved_mixes_are_asked_for_by_name_and_stand_in_aliases_and_mixes():
    book = _book({"hero": "duo"}, mixes={"duo": "ann+bob", "trio": "duo(2)+eva(2)"})
    assert book.resolve("hero") == book.resolve("duo") == book.resolve("ann+bob")
    assert book.resolve("trio").terms == (("ann", 0.25), ("bob", 0.25), ("eva", 0.5))


def test_the_request_s_aliases_win_over_the_config_s_and_the_engine_s():
    book = _book({"hero": "ann"}).with_aliases({"hero": "bob", "alloy": "eva"})
    assert (book.resolve("hero"), book.resolve("alloy")) == (VoiceMix.of("bob"), VoiceMix.of("eva"))
    assert book.resolve("onyx") == VoiceMix.of("bob")


@pytest.mark.parametrize(
    ("aliases", "mixes"),
    [
        ({"a": "a"}, {}),
        ({"a": "m"}, {"m": "ann+a"}),
        ({}, {"a": "b+ann", "b": "bob(2)+a(1)"}),
        ({"a": " a "}, {}),
        ({"a": "ann(2)+a(1)"}, {}),
    ],
)
def test_aliases_and_mixes_in_a_circle_are_refused(aliases, mixes):
    with pytest.raises(UnknownVoiceError, match="circle: .*a -> .*a"):
        _book(aliases, mixes=mixes).resolve("a")


def test_names_within_names_within_names_come_to_an_end():
    deep = {f"a{n}": f"a{n + 1}" for n in range(5000)}
    with pytest.raises(UnknownVoiceError, match=rf"more than {MAX_NESTING} names away: a0 -> a1 -> a2 -> …"):
        _book(deep).resolve("a0")
    short = {**{f"a{n}": f"a{n + 1}" for n in range(MAX_NESTING - 1)}, f"a{MAX_NESTING - 1}": "ann"}
    assert _book(short).resolve("a0") == VoiceMix.of("ann")


def test_names_that_double_at_every_step_cost_no_more_than_there_are():
    doubling = {f"a{n}": "+".join([f"a{n + 1}"] * 16) for n in range(15)}
    began = time.perf_counter()
    book = _book({**doubling, "a15": "+".join(["ann", "bob"] * 8)})
    assert dict(book.resolve("a0").terms) == pytest.approx({"ann": 0.5, "bob": 0.5})
    assert time.perf_counter() - began < 1


def test_the_error_says_which_name_leads_to_a_voice_that_is_not_there():
    with pytest.raises(UnknownVoiceError, match=r"no voice 'anna' \('duo' names it\). Did you mean ann"):
        _book({"hero": "duo"}, mixes={"duo": "bob+anna"}).resolve("hero")


def test_what_an_alias_stands_for_has_the_same_limits_as_what_a_request_says():
    with pytest.raises(UnknownVoiceError, match="has 49999 characters; the limit is 500"):
        _book({"long": "+".join(["ann"] * 12_500)}).resolve("long")


def test_an_engine_of_single_voices_says_so_of_mixes_and_knows_no_other_name_with_a_minus():
    book = _book(engine=SingleVoiceEngine())
    with pytest.raises(UnknownVoiceError, match="speaks single voices only"):
        book.resolve("ann+bob")
    with pytest.raises(UnknownVoiceError, match="no voice 'ann-xyz'"):
        book.resolve("ann-xyz")


def test_the_listing_has_voices_then_aliases_then_mixes_with_the_facts_of_what_is_behind():
    book = _book({"hero": "bob", "pair": "ann+eva"}, mixes={"duo": "bob+ann"})
    assert list(book.listed()) == [
        ListedVoice("ann", "en-US", "female", aliases=("alloy",)),
        ListedVoice("bob", "en-GB", "male", aliases=("onyx", "hero")),
        ListedVoice("eva", "de-DE", "female"),
        ListedVoice("alloy", "en-US", "female", alias_of="ann"),
        ListedVoice("onyx", "en-GB", "male", alias_of="bob"),
        ListedVoice("hero", "en-GB", "male", alias_of="bob"),
        ListedVoice("pair", "en-US", "female", alias_of="ann+eva"),
        ListedVoice("duo", "en-GB", None, mix="bob+ann"),
    ]


def test_the_listing_leaves_out_what_cannot_be_spoken():
    listed = _book({"hero": "nobody", "a": "b", "b": "a"}, mixes={"duo": "ann+nobody"}).listed()
    assert [voice.name for voice in listed] == ["ann", "bob", "eva", "alloy", "onyx"]


def test_every_listed_name_can_be_asked_for_and_an_alias_hides_the_voice_of_its_name():
    book = _book({"ann": "bob"}, mixes={"eva": "bob+alloy"})
    listed = {voice.name: voice for voice in book.listed()}
    assert listed["ann"].alias_of == "bob"
    assert all(book.language(book.resolve(name)) == voice.language for name, voice in listed.items())


def test_the_hint_follows_an_unknown_name():
    with pytest.raises(UnknownVoiceError, match="koe model download"):
        _book(hint=" Get it with `koe model download`.").resolve("af_heart")
