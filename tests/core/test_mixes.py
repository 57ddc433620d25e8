"""Mix expressions are read strictly, and whatever they weigh, their shares are sound."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.errors import UnknownVoiceError
from koe.mixes import MAX_SHARE, MAX_TERMS, Term, parse_mix, weighed
from koe.types import VoiceMix

NAMES = st.sampled_from(["ann", "bob", "eva", "af_sky", "x.1"])
WEIGHTS = st.one_of(st.floats(), st.sampled_from([0.0, 1e-320, 1e308, 1e9, 1e-9, math.nan, math.inf, 1.0]))
SANE_WEIGHTS = st.floats(min_value=0.01, max_value=100)


def test_terms_carry_signs_and_weights():
    assert parse_mix(" ann ( 2 ) + bob - x.1(.5)") == (Term("ann", 2), Term("bob", 1), Term("x.1", -0.5))
    assert parse_mix("-ann+bob(2e0)") == (Term("ann", -1), Term("bob", 2))


@pytest.mark.parametrize(
    "text", ["", " ", "+", "ann+", "ann bob", "ann(1", "ann)", "(2)", "a++b", "a(1)(2)", "a,b"]
)
def test_what_is_no_mix_is_none(text):
    assert parse_mix(text) is None


@pytest.mark.parametrize(
    "weight",
    ["0", "0.0", "-1", "nan", "inf", "1e308", "1e999", "1e-320", "1e-10", "", "x", "1_0", "٣", "0x1", "1 2"],
)
def test_a_weight_is_a_plain_number_within_its_limits(weight):
    with pytest.raises(UnknownVoiceError, match="weight of 'ann' must be a number above 0") as caught:
        parse_mix(f"ann({weight})+bob")
    assert caught.value.param == "voice"


def test_more_than_16_terms_are_refused():
    assert len(parse_mix("+".join(["ann"] * MAX_TERMS)) or ()) == MAX_TERMS
    with pytest.raises(UnknownVoiceError, match="more than 16 terms"):
        parse_mix("+".join(["ann"] * (MAX_TERMS + 1)))


def test_a_voice_that_is_added_and_subtracted_is_left_out():
    parts = [(VoiceMix.of("ann"), 0.1), (VoiceMix.of("ann"), 0.2), (VoiceMix.of("bob"), 1.0)]
    assert weighed([*parts, (VoiceMix.of("ann"), -0.3)]) == VoiceMix.of("bob")


def test_weights_that_cancel_each_other_out_are_refused_also_by_rounding():
    parts = [(VoiceMix.of("ann"), 0.1), (VoiceMix.of("ann"), 0.2), (VoiceMix.of("ann"), -0.3)]
    with pytest.raises(UnknownVoiceError, match=r"sum to 0; they must sum to more than 0"):
        weighed(parts)
    with pytest.raises(UnknownVoiceError, match=r"'ann' would count 1001 times; the limit is 10"):
        weighed([(VoiceMix.of("ann"), 1.001), (VoiceMix.of("bob"), -1.0)])


def test_a_mix_of_more_than_16_voices_is_refused_however_it_is_nested():
    halves = [VoiceMix(tuple((f"{half}{n}", 1 / 10) for n in range(10))) for half in "ab"]
    with pytest.raises(UnknownVoiceError, match="one of 20 voices; the limit is 16"):
        weighed([(halves[0], 1.0), (halves[1], 1.0)])


@given(st.text(max_size=60) | st.text("ab_1.+-()e ", max_size=60))
def test_any_text_is_a_mix_or_none_or_refused(text):
    with suppress(UnknownVoiceError):
        terms = parse_mix(text)
        assert terms is None or all(1e-9 <= abs(term.weight) <= 1e9 for term in terms)


@given(st.lists(st.tuples(NAMES, WEIGHTS), min_size=1, max_size=MAX_TERMS))
def test_any_weights_give_sound_shares_or_a_clear_refusal(parts):
    expression = "".join(f"{'-' if weight < 0 else '+'}{name}({abs(weight)})" for name, weight in parts)
    with suppress(UnknownVoiceError):
        mix = weighed([(VoiceMix.of(term.name), term.weight) for term in parse_mix(expression) or ()])
        shares = [share for _, share in mix.terms]
        assert math.fsum(shares) == pytest.approx(1)
        assert all(1e-9 <= abs(share) <= MAX_SHARE for share in shares)


@given(st.lists(st.tuples(NAMES, SANE_WEIGHTS), min_size=1, max_size=MAX_TERMS))
def test_a_mix_can_be_asked_for_as_it_is_written(parts):
    mix = weighed([(VoiceMix.of(name), weight) for name, weight in parts])
    again = weighed([(VoiceMix.of(term.name), term.weight) for term in parse_mix(str(mix)) or ()])
    assert [name for name, _ in again.terms] == [name for name, _ in mix.terms]
    assert [share for _, share in again.terms] == pytest.approx([share for _, share in mix.terms], rel=1e-4)
