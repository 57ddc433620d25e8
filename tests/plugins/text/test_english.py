"""English: what the scorecard does not show."""

import pytest
from attrs import fields
from koe_text import EnglishConfig

from tests.plugins.text.build import normalizer, plugin, segment, spoken, texts

SWITCHES = {
    "abbreviations": "w/o e.g. etc.",
    "addresses": "P.O. Box 23",
    "cardinals": "1,234",
    "dates": "Jan. 5, 2012",
    "electronic": "a@b.com",
    "fractions": "3/4",
    "math": "2+2=4",
    "measures": "12 kg",
    "money": "$12.05",
    "ordinals": "23rd",
    "ranges": "2-5",
    "romans": "Henry VIII",
    "serials": "AB12",
    "symbols": "a & b",
    "telephones": "555-123-4567",
    "times": "12:30",
    "versions": "v2.0.1",
}


def english(text: str, language: str = "en-US", **switches) -> str:
    made = plugin(english=EnglishConfig(**switches)) if switches else None
    (one,) = texts("english", text, language, made)
    return one


def test_every_category_has_a_switch_and_a_test():
    switches = {field.name for field in fields(EnglishConfig)} - {"spokenform", "wetext"}
    assert switches == set(SWITCHES)


@pytest.mark.parametrize("category", SWITCHES)
def test_a_category_that_is_off_stays_as_written_whatever_the_libraries_would_do(category):
    text = SWITCHES[category]
    assert english(text) != text
    assert english(text, "en-US", **{category: False}) == text


def test_the_libraries_read_what_the_rules_do_not_know():
    written = "Assoc. Prof. Lee"
    assert english(written) != written
    assert english(written, spokenform=False) == written.replace("Prof.", "Professor")


def test_no_library_means_no_digits_all_the_same():
    assert english("x₂ is 12,5 ab", spokenform=False, wetext=False) == "X sub two is twelve, five ab"


@pytest.mark.parametrize(
    ("language", "date"),
    [
        ("en-US", "January fifth twenty twelve"),
        ("en-GB", "the first of May twenty twelve"),
        ("en", "January fifth twenty twelve"),
    ],
)
def test_the_first_number_of_a_date_is_the_month_in_america_and_the_day_in_britain(language, date):
    assert english("1/5/2012", language) == date


@pytest.mark.parametrize(
    "text",
    [
        "It's a dog's life.",
        "No. I will not.",
        "I may march.",
        '"Quoted," she said.',
        "A, B, and C",
        "rock 'n' roll",
        "Wait... what?",
        "the mother-in-law",
        "naïve café — (bracketed)",
    ],
)
def test_what_needs_no_rewriting_stays_as_it_is(text):
    assert english(text) == text


def test_given_phonemes_stay_where_digits_around_them_become_words():
    (made,) = normalizer("english").normalize(segment("5 koe 2 km", given=(("koe 2", "kˈoʊeɪ tˈuː"),)))
    assert made.text == "five koe 2 kilometers"
    (one,) = made.given
    assert made.text[one.span.start : one.span.end] == "koe 2"


def test_a_rewritten_word_points_to_what_was_written():
    text = "Pay $12.05 to Dr. Smith"
    (made,) = normalizer("english").normalize(segment(text))
    assert made.text == "Pay twelve dollars and five cents to Doctor Smith"
    for word, written in [("dollars", "$12.05"), ("cents", "$12.05"), ("Doctor", "Dr."), ("Smith", "Smith")]:
        start = made.text.index(word)
        span = made.source(start, start + len(word))
        assert text[span.start : span.end] == written


def test_what_the_libraries_rewrite_points_there_too():
    text = "ask Assoc. Prof. Lee today"
    (made,) = normalizer("english").normalize(segment(text))
    start = made.text.index("today")
    span = made.source(start, start + len("today"))
    assert text[span.start : span.end] == "today"
    assert len(made.alignment) == len(made.text)


def test_a_failing_library_leaves_the_rest_of_the_work_to_the_others(monkeypatch):
    def broken(*_arguments):
        raise ValueError("no")

    monkeypatch.setattr("koe_text.spokenform_library._replacements", broken)
    made = plugin()
    assert texts("english", "Assoc. Lee has 3 ¶ cats", made=made) == ["Assoc. Lee has three paragraph cats"]
    assert made.fences["spokenform"].left["failed"] >= 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("THE RUN WAS 10 KM LONG", "THE RUN WAS ten kilometers LONG"),
        (
            "MOVE TO 45 W 34TH ST, SEATTLE, WA",
            "MOVE TO forty five West thirty fourth Street, Seattle, Washington",
        ),
        ("DR SMITH PLAYED AC/DC ON AN MP3", "Doctor SMITH PLAYED AC DC ON AN MP three"),
        ("3 MA AND 5G", "three MA AND five G"),
    ],
)
def test_text_in_capitals_is_read_like_any_other(written, read):
    assert english(written) == read


def test_a_sentence_asks_the_libraries_only_so_often(monkeypatch):
    asked: list[str] = []

    def unchanged(text, _language):
        asked.append(text)
        return text

    monkeypatch.setattr("koe_text.wetext_library._normalized", unchanged)
    made = plugin()
    texts("english", "a\\b " * 2_000, made=made)
    assert len(asked) == 800
    assert made.fences["wetext"].left["too_costly"] == 1


@pytest.mark.parametrize("text", ["a [ 3 # b", "10 @12", "20' tall #", "x[1] §"])
def test_wetext_s_assertion_errors_do_no_harm(text):
    assert not any(character.isdigit() for character in spoken(text))
