"""What NeMo misreads is written in another way before it sees it."""

import pytest
from koe.api import Segment, VoiceMix, rewritten
from koe_nemo.rules import rewrites


def after_rules(text: str, language: str = "en") -> str:
    made = rewritten(Segment(text, VoiceMix.of("any"), language), rewrites(text, language))
    return " ".join(made.text.split())


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("60 km/h", "60 kilometers per hour"),
        ("1 km/h", "1 kilometer per hour"),
        ("a 10MB file", "a 10 megabytes file"),
        ("2-3 hrs", "2 to 3 hours"),
        ("Chapter IV.", "Chapter 4."),
        ("World War II ended", "World War 2 ended"),
        ("Henry VIII", "Henry the 8th"),
        ("Louis XII and XIII", "Louis the 12th and 13"),
        ("Elizabeth I.", "Elizabeth the 1st."),
        ("the score was 2-3", "the score was 2 to 3"),
        ("16:9", "16 to 9"),
        ("1-2=5", "1 minus 2 equals 5"),
        ("a² + b² = c²", "a squared plus b squared equals c squared"),
        ("5 ≥ 3", "5 greater than or equal to 3"),
        ("No. 7", "number 7"),
        ("Prof. Lee, Mon., Feb. 3", "Professor Lee, Monday, Feb. 3"),
        ('"I am 10" he said', '"I am 10” he said'),
    ],
)
def test_it_becomes_what_nemo_reads_right(written, becomes):
    assert after_rules(written) == becomes


@pytest.mark.parametrize(
    "text",
    [
        "Henry I think is late",
        "the chapter I read",
        "an IV drip",
        "CIVIC",
        "555-1234",
        "2024-05-06",
        "5-3",
        "at 9:05",
        "3:4 pm",
        "x-y axis",
        "1/2 cup",
        'a 10" by 12" board',
        "12-14-2020",
        "5 minks",
        "10 MBit",
    ],
)
def test_what_nemo_reads_right_or_is_something_else_stays(text):
    assert after_rules(text) == text


def test_the_rules_are_for_english():
    assert after_rules("60 km/h, Kapitel IV", "de") == "60 km/h, Kapitel IV"
