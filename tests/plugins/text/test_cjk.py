"""Chinese and Japanese: what the scorecard does not show."""

import pytest
from koe.api import Edit, Span, differences

from tests.plugins.text.build import normalizer, segment, texts


def test_a_rewritten_character_points_to_what_was_written():
    text = "今天是5月3日好"
    (made,) = normalizer("cjk").normalize(segment(text, "zh"))
    assert made.text == "今天是五月三日好"
    assert made.source(3, 4) == Span(3, 4)
    assert made.source(7, 8) == Span(7, 8)


@pytest.mark.parametrize(("language", "text"), [("zh", "你好，世界。"), ("ja", "こんにちは。")])
def test_what_needs_no_rewriting_stays_as_it_is(language, text):
    assert texts("cjk", text, language) == [text]


def test_given_phonemes_stay():
    (made,) = normalizer("cjk").normalize(segment("5月koe3日", "ja", given=(("koe", "koe"),)))
    assert [made.text[one.span.start : one.span.end] for one in made.given] == ["koe"]


def test_only_the_tokens_that_differ_are_edits():
    assert differences("buy 3 kg now", "buy three kilograms now") == [
        Edit(4, 5, "three"),
        Edit(6, 8, "kilograms"),
    ]
    assert differences("Hello there", "hello  there") == []
