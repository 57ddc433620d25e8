import pytest
from koe_espeak.speakable import Speakable


@pytest.mark.parametrize("text", ["Hello, world!", "", "a\nb", "नमस्ते", "👍🏽", "你好" * 200, "x" * 50])
def test_ordinary_text_stays_as_it_is(text):
    assert Speakable.of(text) == Speakable(text)


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x1b", "\x7f", "\x85", "\ud800", "\ue001"])
def test_what_espeak_must_not_see_becomes_a_space(character):
    assert Speakable.of(f"a{character}b").text == "a b"


def test_overlong_words_are_cut_and_offsets_lead_back():
    text = "so " + "ab" * 80 + " end"
    speakable = Speakable.of(text)
    assert max(map(len, speakable.text.split())) == 50
    assert speakable.text.replace(" ", "") == text.replace(" ", "")
    for position, character in enumerate(speakable.text):
        if position not in speakable.inserted:
            assert text[speakable.original(position)] == character


def test_an_inserted_space_leads_to_the_character_before_which_it_stands():
    speakable = Speakable.of("a" * 120)
    assert [speakable.original(place) for place in speakable.inserted] == [50, 100]


def test_a_letter_is_not_parted_from_its_marks():
    speakable = Speakable.of("e\u0301" * 60)
    assert not any(word.startswith("\u0301") for word in speakable.text.split())


def test_a_word_of_marks_alone_is_cut_all_the_same():
    assert max(map(len, Speakable.of("\u0301" * 500).text.split())) <= 50
