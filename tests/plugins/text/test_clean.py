"""What is not to be read aloud goes; every kind has its switch."""

import pytest
from koe.api import Span
from koe_text import CleanConfig

from tests.plugins.text.build import normalizer, plugin, segment, texts


def clean(text: str, language: str = "en-US") -> str:
    (made,) = texts("clean", text, language)
    return made


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("# Title", "Title."),
        ("## Really?", "Really?"),
        ("**bold** and *it* and ***both***", "bold and it and both"),
        ("__bold__ and _it_", "bold and it"),
        ("snake_case and 2*3*4", "snake_case and 2*3*4"),
        ("~~gone~~", "gone"),
        ("`code` here", "code here"),
        ("```python\nx = 1\n```", "\nx = 1\n"),
        ("[a link](https://example.com/x)", "a link"),
        ('![a cat](cat.png "Cat")', "a cat"),
        ("[a link][1]", "a link"),
        ("a claim[^1]", "a claim"),
        ("<https://example.com>", "https://example.com"),
        ("- one\n* two\n+ three", "one\ntwo\nthree"),
        ("- [x] done", "done"),
        ("> quoted", "quoted"),
        ("> 5 is more", "> 5 is more"),
        ("a\n---\nb", "a\n\nb"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b.\n\n1, 2."),
        (r"\*not\* bold", "*not* bold"),
    ],
)
def test_markdown_becomes_plain_text(written, plain):
    assert clean(written) == plain


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("5&nbsp;km &#8364;", "5 km €"),
        ("a<br>b", "a\nb"),
        ('<b>bold</b> <a href="x">link</a>', "bold link"),
        ("a <!-- hidden --> b", "a  b"),
        ("3 < 5 and 7 > 2", "3 < 5 and 7 > 2"),
        ("x <y and y> z", "x <y and y> z"),
        ("<rate=-.3>slow</rate> <my-tag/>now <mstts:silence value='1s'/>on", "slow now on"),
        ("AT&T; x&y", "AT&T; x&y"),
    ],
)
def test_html_becomes_plain_text(written, plain):
    assert clean(written) == plain


@pytest.mark.parametrize("picture", ["🎉", "👩‍👩‍👧", "❤️", "🇩🇪", "👍🏽", "1️⃣"])
def test_emoji_go_with_the_space_before_them(picture):
    assert clean(f"Hello {picture}.") == "Hello."


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("“Don’t”", '"Don\'t"'),
        ("«Oui»", '"Oui"'),
        ("ﬁne", "fine"),
        ("cafe\u0301", "café"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("non\u00a0breaking", "non breaking"),
        ("ＡＢＣ１２", "ABC12"),
        ("Wait…", "Wait..."),
        ("here--there", "here — there"),
        ("3 m²", "3 m²"),
    ],
)
def test_typographic_characters_become_plain_ones(written, plain):
    assert clean(written) == plain


def test_full_width_forms_stay_in_chinese_and_japanese():
    assert clean("你好，世界！", "zh") == "你好，世界！"


@pytest.mark.parametrize(
    ("switch", "text"),
    [("markdown", "**bold**"), ("html", "a &amp; b"), ("emoji", "hi 🎉"), ("unicode", "“x”")],
)
def test_each_kind_can_be_switched_off(switch, text):
    assert clean(text) != text
    off = plugin(clean=CleanConfig(**{switch: False}))
    assert texts("clean", text, made=off) == [text]


def test_the_way_back_to_the_written_text_survives():
    (made,) = normalizer("clean").normalize(segment("Say **hello** &amp; go"))
    assert made.text == "Say hello & go"
    assert made.source(4, 9) == Span(6, 11)
    assert made.source(10, 11) == Span(14, 19)


def test_given_phonemes_are_left_alone():
    (made,) = normalizer("clean").normalize(segment("*a* x&amp;y *b*", given=(("x&amp;y", "ɛks"),)))
    assert made.text == "a x&amp;y b"
    assert made.given[0].span == Span(2, 9)
