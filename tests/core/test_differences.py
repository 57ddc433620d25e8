"""What a library changed becomes edits: every word that is heard, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.api import Draft, Edit, Segment, VoiceMix, differences

_WORDS = st.lists(
    st.sampled_from(["a", "b", "Five", "5", "$3", "two", "million", "x-1", ",", '"', "%", "दो"]), max_size=8
)


def said(written: str, spoken: str) -> str:
    draft = Draft.of(Segment(written, VoiceMix.of("any"), "en"))
    return draft.edited(differences(written, spoken)).text


@pytest.mark.parametrize(
    ("written", "spoken", "edits"),
    [
        ("buy 3 kg", "buy three kilograms", [Edit(4, 5, "three"), Edit(6, 8, "kilograms")]),
        ("$5 million", "five million dollars", [Edit(0, 2, "five"), Edit(3, 10, "million dollars")]),
        ("25 July", "the twenty fifth of July", [Edit(0, 2, "the twenty fifth of")]),
        ("2 1/2 lbs", "two and a half pounds", [Edit(0, 9, "two and a half pounds")]),
        ("July, 4", "july , four", [Edit(6, 7, "four")]),
    ],
)
def test_a_change_spans_the_words_that_it_stands_for(written, spoken, edits):
    assert differences(written, spoken) == edits


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Hello “there”", 'hello "there"'),
        ("1,  two", "1 , two"),
        ("so – no", "so - no"),
        ("", ""),
        ("a", "a."),
    ],
)
def test_case_spaces_and_plain_punctuation_are_no_changes(written, spoken):
    assert differences(written, spoken) == []


def test_an_abbreviation_loses_its_stops_with_its_letters():
    assert said("U.S.A. 1", "USA one") == "USA one"


def test_what_is_said_before_the_first_word_belongs_to_it():
    assert differences("May", "the May") == [Edit(0, 3, "the May")]


def test_a_symbol_that_is_not_said_goes():
    assert said("a ° b", "a b").split() == ["a", "b"]


def test_marks_of_a_script_stay_with_their_letters():
    assert differences("हिन्दी 5", "हिन्दी पाँच") == [Edit(7, 8, "पाँच")]


@given(_WORDS.filter(bool), _WORDS)
def test_after_the_edits_the_text_says_what_the_library_said(written, spoken):
    """But for plain punctuation and case, whatever the two texts are."""

    def heard(text: str) -> list[str]:
        return re.findall(r"\d+|[^\W\d_]+|[$%]", text.lower())

    before, after = " ".join(written), " ".join(spoken)
    assert heard(said(before, after)) == heard(after)
