"""The cases are read right, at least as often as promised."""

from collections import Counter
from pathlib import Path

import pytest
from koe.api import InvalidRequestError
from koe_text.command import normalized
from koe_text.scorecard import Case, Result, Scorecard, lenient, read_cases, score
from koe_text.umbrella import Normalize

from tests.plugins.text.build import normalizer

CASES = Path(__file__).parent / "cases"
FLOORS = {"en": 97.0, "es": 92.0, "fr": 92.0, "it": 92.0, "pt": 92.0, "de": 92.0, "zh": 90.0, "ja": 90.0}
LEAST_CASES = {"en": 400, "es": 40, "fr": 40, "it": 40, "pt": 40, "de": 40, "zh": 15, "ja": 15}


@pytest.fixture(scope="module")
def scorecard():
    everything = normalizer("normalize")
    assert isinstance(everything, Normalize)
    return score(read_cases(CASES), lambda text, language: normalized(everything, text, language))


@pytest.mark.parametrize("language", FLOORS)
def test_a_language_is_read_right(scorecard, language):
    wrong = [result for result in scorecard.wrong() if result.case.language == language]
    assert scorecard.percent(language) >= FLOORS[language], wrong


def test_no_english_category_is_neglected(scorecard):
    categories = {case.category for case in read_cases(CASES) if case.language == "en"}
    assert len(categories) >= 18
    assert {
        name: scorecard.percent("en", name) for name in categories if scorecard.percent("en", name) < 90
    } == {}


def test_there_are_enough_different_cases():
    cases = read_cases(CASES)
    assert Counter(case.language for case in cases) >= Counter(LEAST_CASES)
    assert [
        case for case, count in Counter((case.language, case.written) for case in cases).items() if count > 1
    ] == []


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("One hundred and five.", "one hundred five"),
        ("twenty-one", "twenty one"),
        ("twelve thirty A M", "twelve thirty AM"),
        ("W W W dot a b c", "www dot ABC"),
        ("It's fine!", "its fine"),
    ],
)
def test_case_punctuation_hyphens_and_and_do_not_count(made, expected):
    assert lenient(made) == lenient(expected)


def test_other_words_count():
    assert lenient("one hundred five") != lenient("one hundred four")
    assert lenient("five to ten") != lenient("five ten")


def test_any_of_the_ways_to_say_it_is_right():
    case = Case("en", "time", "14:05", ("fourteen oh five", "fourteen o five"))
    card = Scorecard((Result(case, "fourteen o five"), Result(case, "14:05")))
    assert card.percent("en") == card.percent("en", "time") == 50.0
    assert [result.made for result in card.wrong()] == ["14:05"]


def test_a_folder_without_cases_says_how_to_name_one(tmp_path):
    with pytest.raises(InvalidRequestError, match="--cases"):
        read_cases(tmp_path)


def test_a_line_that_is_no_case_is_named_with_file_and_line(tmp_path):
    (tmp_path / "en.tsv").write_text("cardinal\t1\tone\n\n# a remark\ncardinal\t2\n", encoding="utf-8")
    with pytest.raises(InvalidRequestError, match=r"en\.tsv:4: expected category, written and spoken"):
        read_cases(tmp_path)
