"""Mistakes in the names of voices are found whatever engine is there."""

from itertools import pairwise

import pytest
from koe.config import load
from koe.errors import ConfigError
from koe.plugins import load as load_plugins
from koe.settings import VoicesSettings
from koe.voice_names import voice_name_mistakes


def mistakes(aliases=None, mixes=None):
    return dict(voice_name_mistakes(VoicesSettings("", aliases or {}, mixes or {})))


def test_sound_names_have_no_mistakes():
    aliases = {"hero": "duo", "my voice": "af_sky", "us": "en-us", "f2": "en-us+f2"}
    assert mistakes(aliases, {"duo": "af_sky+am_adam(2)", "more": "duo-af_bella(0.2)", "one": "af_sky"}) == {}


@pytest.mark.parametrize("name", ["", " ", " a", "a\t"])
def test_a_name_that_no_request_can_say_is_a_mistake(name):
    [said] = mistakes({name: "af_sky"}).values()
    assert "at least one character, and no space around it" in said


def test_a_mix_and_an_alias_of_one_name_are_both_named():
    found = mistakes({"duo": "af_sky"}, {"duo": "af_sky+am_adam"})
    assert found == {"voices.mixes.duo": "voices.aliases.duo has the same name; rename one of them"}


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("af_sky(0)+am_adam", "The weight of 'af_sky' must be"),
        ("af_sky+", "expected a mix such as \"af_bella(2)+af_sky(1)\", given 'af_sky+'"),
        ("", "expected a mix"),
        ("+".join(["a"] * 17), "more than 16 terms"),
        ("a" * 501, "501 characters; the limit is 500"),
    ],
)
def test_a_mix_that_is_none_is_a_mistake_at_its_key(mix, said):
    assert said in mistakes(mixes={"my mix": mix})['voices.mixes."my mix"']


@pytest.mark.parametrize(
    ("aliases", "mixes", "key", "circle"),
    [
        ({"a": "a"}, {}, "voices.aliases.a", "a -> a"),
        ({"a": "b", "b": "c", "c": " a "}, {}, "voices.aliases.", "-> a"),
        ({"a": "m"}, {"m": "af_sky+a"}, "voices.", "->"),
        ({"a": "af_sky(1)+a(2)"}, {}, "voices.aliases.a", "a -> a"),
        ({}, {"m": "af_sky+m"}, "voices.mixes.m", "m -> m"),
    ],
)
def test_names_in_a_circle_are_named_in_their_order(aliases, mixes, key, circle):
    [(found, said)] = mistakes(aliases, mixes).items()
    assert found.startswith(key)
    assert circle in said
    names = said.split(": ")[1].split(";")[0].split(" -> ")
    leads = {**aliases, **mixes}
    assert all(after in leads[before] for before, after in pairwise(names))


def test_every_circle_is_reported():
    found = mistakes({"a": "b", "b": "a", "c": "d", "d": "c", "e": "af_sky"})
    assert len(found) == 2


def test_a_chain_of_ten_thousand_names_is_checked():
    chain = {f"a{n}": f"a{n + 1}" for n in range(10_000)}
    assert mistakes(chain) == {}
    assert len(mistakes({**chain, "a10000": "a0"})) == 1


def test_the_mistakes_stand_among_those_of_the_config_with_their_source(tmp_path):
    file = tmp_path / "koe.toml"
    file.write_text('[voices.aliases]\na = "b"\nb = "a"\n[voices.mixes]\nduo = "af_sky(0)"\n')
    with pytest.raises(ConfigError) as caught:
        load_plugins(load([file]))
    assert len(caught.value.problems) == 2
    assert f"{file}: voices.mixes.duo: The weight of 'af_sky' must be" in caught.value.problems[0]
    assert "go round in a circle" in caught.value.problems[1]
