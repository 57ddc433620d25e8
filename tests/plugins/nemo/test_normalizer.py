"""What NeMo says is put where it was written; what it cannot say stays as it was."""

import time

import pytest
from koe.api import Span
from koe.notes import collected_notes
from koe_nemo.process import ProcessLostError

from tests.plugins.nemo.build import nemo, one, segment

WORDS = {"5": "five", "$5": "five dollars", "7": "seven", "IV": "I V"}


def read(text: str) -> str:
    """Knows a few words, and shouts at the rest as NeMo may: quotes and spaces are changed."""
    return " ".join(WORDS.get(word, word) for word in text.replace("“", '"').split())


def refuse(text: str) -> str:
    raise ValueError("no path")


def test_numbers_become_words_and_the_rest_stays_as_written(tmp_path):
    made = one(nemo(tmp_path, read), segment("“Pay  $5 now”, he said."))
    assert made.text == "“Pay  five dollars now”, he said."


def test_every_word_points_to_what_was_written(tmp_path):
    made = one(nemo(tmp_path, read), segment("Pay $5 and 7 more"))
    for word, source in (("dollars", Span(4, 6)), ("seven", Span(11, 12)), ("more", Span(13, 17))):
        start = made.text.index(word)
        assert made.source(start, start + len(word)) == source


def test_what_a_rule_and_then_nemo_rewrites_points_to_what_was_written(tmp_path):
    made = one(nemo(tmp_path, lambda text: text.replace("4", "four")), segment("In Chapter IV we"))
    assert made.text == "In Chapter four we"
    start = made.text.index("four")
    assert made.source(start, start + 4).end == len("In Chapter IV")


def test_given_phonemes_are_neither_read_nor_rewritten(tmp_path):
    seen = []

    def spy(text: str) -> str:
        seen.append(text)
        return read(text)

    made = one(nemo(tmp_path, spy), segment("5 koe 7", given=(("koe", "kˈoʊeɪ"),)))
    assert made.text == "five koe seven"
    assert [made.text[given.span.start : given.span.end] for given in made.given] == ["koe"]
    assert seen == ["5 ", " 7"]


def test_text_without_numbers_symbols_and_abbreviations_is_not_handed_over(tmp_path):
    text = "Nothing “to” say, is there? No."
    assert one(nemo(tmp_path, refuse), segment(text)).text == text


def test_another_language_stays_as_it_is(tmp_path):
    assert one(nemo(tmp_path, refuse), segment("5 Katzen", "de-DE")).text == "5 Katzen"


def test_a_failure_leaves_the_text_as_written_and_is_counted_and_noted(tmp_path):
    normalizer = nemo(tmp_path, refuse)
    with collected_notes() as notes:
        assert one(normalizer, segment("Pay $5 now")).text == "Pay $5 now"
    assert normalizer.fence.left == {"failed": 1}
    assert notes == ["nemo left 'Pay $5 now' as written: failed (ValueError: no path)"]


def test_an_empty_answer_leaves_the_text_as_written(tmp_path):
    assert one(nemo(tmp_path, lambda _text: " "), segment("Pay $5")).text == "Pay $5"


@pytest.mark.parametrize("reason", ["over_budget", "died", "not_loaded", "no_process"])
def test_a_lost_process_leaves_the_text_as_written_and_is_counted_and_noted(tmp_path, reason):
    def lose(text):
        raise ProcessLostError(reason, "it is gone")

    normalizer = nemo(tmp_path, lose)
    with collected_notes() as notes:
        assert one(normalizer, segment("Pay $5 now")).text == "Pay $5 now"
    assert normalizer.fence.left == {reason: 1}
    assert notes == [f"nemo left 'Pay $5 now' as written: {reason} (it is gone)"]


def test_a_sentence_over_its_budget_is_left_from_there_on(tmp_path):
    normalizer = nemo(tmp_path, lambda text: text.replace("7", "seven"), cost_s=0.75, budget_s=1.5)
    text = ", ".join(["7, 7, 7, 7, 7, 7, 7, 7"] * 6)
    with collected_notes() as notes:
        made = one(normalizer, segment(text)).text
    assert made.count("seven") == 16
    assert made.startswith("seven, " * 16 + "7")
    assert normalizer.fence.left["over_budget"] == len(notes) > 0
    assert "over_budget (the sentence took 1.5 s already)" in notes[0]
    assert one(normalizer, segment("7 more")).text == "seven more"


@pytest.mark.parametrize(
    "pattern", ["1/2/", "1-2=", '"1" ', "No. 1 km/h ", "IV ", "a+b", "12:3 ", "1,1.", "x ² "]
)
def test_hostile_text_is_cheap_before_nemo_sees_it(tmp_path, pattern):
    normalizer = nemo(tmp_path, lambda text: text)
    began = time.process_time()
    one(normalizer, segment((pattern * 8_000)[:8_000]))
    assert time.process_time() - began < 1.0
