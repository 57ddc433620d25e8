"""One entry: what it takes, and what it refuses."""

import pytest
from koe.lexicon.entries import MAX_IPA, MAX_SAY, MAX_WORD, LexiconEntry, entry_of


def test_the_short_form_is_a_respelling_or_ipa_between_slashes():
    assert entry_of("nginx", " engine ex ") == LexiconEntry("nginx", say="engine ex")
    assert entry_of("Łódź", "/wˈuʧ/") == LexiconEntry("Łódź", ipa="wˈuʧ")
    assert entry_of("TCP/IP", "TCP / IP").say == "TCP / IP"
    assert entry_of("either", "/a/b/").say == "/a/b/"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"word": "", "say": "x"}, "word: must not be empty"),
        ({"word": "!?", "say": "x"}, "a letter or a digit"),
        ({"word": "x" * (MAX_WORD + 1), "say": "x"}, f"at most {MAX_WORD} characters, has {MAX_WORD + 1}"),
        ({"word": "x", "say": "x" * (MAX_SAY + 1)}, f"at most {MAX_SAY}"),
        ({"word": "x", "ipa": "x" * (MAX_IPA + 1)}, f"at most {MAX_IPA}"),
        ({"word": "x", "ipa": "//"}, "a letter or a digit"),
        ({"word": "x\0", "say": "x"}, "control characters"),
        ({"word": "x"}, "needs ipa or say"),
        ({"word": "x", "say": "y", "language": "english please"}, "BCP 47"),
        ({"word": "x", "say": "y", "part_of_speech": "VBX"}, "'VBX' is none"),
        ({"word": "x", "say": "y", "part_of_speech": ("noun", "nuon")}, "'nuon' is none"),
        ({"word": "x y", "say": "y", "part_of_speech": "noun"}, "that of one word"),
    ],
)
def test_what_cannot_be_is_refused(fields, reason):
    with pytest.raises(ValueError, match=reason):
        LexiconEntry(**fields)


@pytest.mark.parametrize(
    ("own", "asked", "expected"),
    [
        ("", "de-DE", True),
        ("en", "en-GB", True),
        ("EN", "en", True),
        ("en-GB", "en-gb", True),
        ("en-GB", "en-US", False),
        ("en", "eno", False),
        ("de", "en", False),
    ],
)
def test_an_entry_is_for_its_language_with_or_without_a_region(own, asked, expected):
    assert LexiconEntry("x", say="y", language=own).is_for(asked) is expected


def test_parts_of_speech_are_names_or_tags():
    tags = LexiconEntry("x", say="y", part_of_speech=("verb", "JJ")).tags
    assert {"VB", "VBD", "JJ"} <= tags
    assert not {"JJR", "NN"} & tags
    assert LexiconEntry("x", say="y").tags == frozenset()
