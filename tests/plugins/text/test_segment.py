"""Sentences, a paragraph at a time."""

import time

import pytest
from koe.api import Span
from koe_text.segment import MOST_CHARACTERS

from tests.plugins.text.build import normalizer, plugin, segment, texts


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("Mr. Smith met Dr. Jones. They left.", ["Mr. Smith met Dr. Jones.", "They left."]),
        (
            "The U.S. Army came. I am in the U.S. It is big.",
            ["The U.S. Army came.", "I am in the U.S.", "It is big."],
        ),
        ("It costs $3.50. Wow.", ["It costs $3.50.", "Wow."]),
        ("See Apt. 4B. Then go.", ["See Apt. 4B.", "Then go."]),
        ("At 5 p.m. EST we go. Yes.", ["At 5 p.m. EST we go.", "Yes."]),
        ("One\nline and\nanother. Two.", ["One\nline and\nanother.", "Two."]),
        ("First paragraph\n\nSecond one.", ["First paragraph", "Second one."]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_english_is_cut_into_sentences(text, sentences):
    assert texts("segment", text) == sentences


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("es", "El Sr. López vino. ¿Qué tal?", ["El Sr. López vino.", "¿Qué tal?"]),
        ("de", "Hr. Müller kam am 5. Mai. Gut.", ["Hr. Müller kam am 5. Mai.", "Gut."]),
        ("pt", "O Sr. Silva chegou. Que bom!", ["O Sr. Silva chegou.", "Que bom!"]),
        ("ja", "今日は。元気ですか？", ["今日は。", "元気ですか？"]),
        ("tlh", "Qapla'! It works.", ["Qapla'!", "It works."]),
    ],
)
def test_other_languages_are_cut_by_pysbd_or_by_koe_s_own_rules(language, text, sentences):
    assert texts("segment", text, language) == sentences


def test_every_sentence_knows_where_it_was_written():
    first, second = normalizer("segment").normalize(segment("One here.  Two there."))
    assert (first.source(), second.source()) == (Span(0, 9), Span(11, 21))


def test_given_phonemes_are_never_cut_in_two():
    text = "He is Dr. No. Yes."
    (*_before, made) = normalizer("segment").normalize(segment(text, given=(("No. Yes", "noʊ"),)))
    assert made.text.endswith("No. Yes.")
    assert [one.phonemes for one in made.given] == ["noʊ"]


def test_a_paragraph_that_pysbd_would_be_slow_with_is_cut_by_koe_s_rules():
    text = "Go on. " * MOST_CHARACTERS
    began = time.process_time()
    made = texts("segment", text)
    assert len(made) == MOST_CHARACTERS
    assert time.process_time() - began < 5


def test_a_failing_pysbd_leaves_the_work_to_koe_s_rules(monkeypatch):
    def broken(_text, _language):
        raise IndexError("pysbd")

    monkeypatch.setattr("koe_text.segment._pysbd_ends", broken)
    made = plugin()
    assert texts("segment", "One. Two.", made=made) == ["One.", "Two."]
    assert made.fences["pysbd"].left == {"failed": 1}
