"""`say-as`."""

import pytest

from tests.plugins.ssml.helpers import parse, segments, texts


def said(text, interpret_as, format_="", language="en-US"):
    attribute = f' format="{format_}"' if format_ else ""
    document = f'<say-as interpret-as="{interpret_as}"{attribute}>{text}</say-as>'
    return " ".join(texts(f'<speak xml:lang="{language}">{document}</speak>'))


@pytest.mark.parametrize("interpret_as", ["characters", "spell-out", "verbatim", "letters"])
def test_characters_are_said_one_by_one(interpret_as):
    assert said("Kb1 -ß", interpret_as) == "K B one dash ß"


def test_the_letter_a_is_not_read_as_the_article():
    assert said("aba", "characters") == "A, B A"
    assert said("ab", "characters", language="de") == "A B"


def test_symbols_have_names_in_english_alone():
    assert said("a@b", "characters", language="de") == "A @ B"
    assert said("7", "characters", language="de") == "sieben"


@pytest.mark.parametrize("interpret_as", ["digits", "number_digit"])
def test_digits_are_said_one_by_one(interpret_as):
    assert said("12-3.4", interpret_as) == "one two, three. four"
    assert said("12", interpret_as, language="de") == "eins zwei"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+1 (555) 010-22", "plus one, five five five, zero one zero, two two"),
        ("112", "one one two"),
        ("(02) 3", "zero two, three"),
        ("1-800-KOE", "one, eight zero zero, K O E"),
    ],
)
def test_telephone_numbers_are_groups_of_digits(number, expected):
    assert said(number, "telephone") == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1", "en", "1st"),
        ("2", "en", "2nd"),
        ("3", "en", "3rd"),
        ("11", "en", "11th"),
        ("112", "en", "112th"),
        ("121", "en", "121st"),
        ("XIV", "en", "14th"),
        ("3", "de", "3."),
        ("1st", "en", "1st"),
        ("x1", "en", "x1"),
    ],
)
def test_ordinals_are_written_as_ordinals(text, language, expected):
    assert said(text, "ordinal", language=language) == expected


@pytest.mark.parametrize("interpret_as", ["cardinal", "number"])
def test_cardinals_are_numbers(interpret_as):
    assert said("12,345", interpret_as) == "12,345"
    assert said("MCMXCIV", interpret_as) == "1994"


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        ("3/4/2024", "mdy", "March 4, 2024"),
        ("3/4/2024", "dmy", "April 3, 2024"),
        ("2024-03-04", "ymd", "March 4, 2024"),
        ("3/4", "md", "March 4"),
        ("3.4.", "dm", "April 3"),
        ("3/2024", "my", "March 2024"),
        ("12", "m", "December"),
        ("13/1/2024", "mdy", "13/1/2024"),
        ("3/4/2024", "", "3/4/2024"),
        ("3/4/2024", "mm/dd", "3/4/2024"),
        ("3/4", "mm", "3/4"),
    ],
)
def test_dates_have_their_month_as_a_word(text, format_, expected):
    assert said(text, "date", format_) == expected


def test_dates_of_other_languages_stay():
    assert said("3.4.2024", "date", "dmy", "de") == "3.4.2024"


@pytest.mark.parametrize(
    "interpret_as", "time duration currency fraction unit address name net interjection".split()
)
def test_what_normalizers_read_stays_as_it_is_written(interpret_as):
    assert said("$3.50 &amp; 2'6\"", interpret_as) == "$3.50 & 2'6\""


@pytest.mark.parametrize("interpret_as", ["expletive", "bleep"])
def test_a_bleep_takes_the_place_of_the_word(interpret_as):
    utterance = parse(f'<speak>the <say-as interpret-as="{interpret_as}">damned</say-as> thing</speak>')
    before, clip, after = utterance.parts
    assert (before.text.strip(), after.text.strip()) == ("the", "thing")
    assert clip.chunk.seconds == pytest.approx(6 / 15, abs=0.01)
    assert utterance.ignored == ()


def test_an_unknown_kind_is_named_and_its_text_spoken():
    utterance = parse('<speak><say-as interpret-as="smell" detail="2">x</say-as></speak>')
    assert utterance.ignored == ("say-as@detail", "say-as@interpret-as")
    assert [part.text for part in utterance.parts] == ["x"]


def test_substitutes_within_are_heard():
    (segment,) = segments('<speak><say-as interpret-as="digits"><sub alias="12">x</sub></say-as></speak>')
    assert segment.text == "one two"
