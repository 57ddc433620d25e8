"""Tags that pronunciations depend on."""

import pytest
from koe.alignment import Span
from koe_g2p.rule_tagger import RuleTagger
from koe_g2p.words import split


def tags(text):
    words = split(text).words
    spans = [Span(word.start, word.end) for word in words]
    return dict(zip([word.text for word in words], RuleTagger().tags(text, spans), strict=True))


@pytest.mark.parametrize(
    ("text", "word", "tag"),
    [
        ("They want to use it.", "use", "VB"),
        ("It is no use.", "use", "NN"),
        ("Did the workers use it?", "use", "VB"),
        ("Let him use it.", "use", "VB"),
        ("She uses it.", "uses", "VBZ"),
        ("the uses of it", "uses", "NNS"),
        ("I have read it.", "read", "VBN"),
        ("Yesterday they read it.", "read", "VBD"),
        ("Daily they read it.", "read", "VB"),
        ("according to record", "record", "NN"),
        ("They often record it.", "record", "VBP"),
        ("Close the door.", "Close", "VB"),
        ("a close friend", "close", "JJ"),
        ("the NASA team", "NASA", "NNP"),
        ("CLOSE THE DOOR NOW", "DOOR", "NN"),
        ("3 men", "3", "CD"),
        ("what a lovely day", "lovely", "RB"),
        ("vitamin A", "A", "NN"),
        ("he passed by.", "by", "RB"),
        ("Monsieur l'un", "l'un", "NN"),
    ],
)
def test_a_word_has_the_tag_of_its_place(text, word, tag):
    assert tags(text)[word] == tag


def test_every_word_has_a_tag_whatever_it_is():
    text = "' — a'b 'tis “’” 1st ❓ x\n\n's to to to and and the the"
    words = split(text).words
    assert len(RuleTagger().tags(text, [Span(one.start, one.end) for one in words])) == len(words)


def test_time_grows_with_the_text_and_no_faster():
    """Sentences without an end are read through no more than once for each question about them."""
    text = "and they read " * 400
    words = split(text).words
    assert len(RuleTagger().tags(text, [Span(one.start, one.end) for one in words])) == 1200
