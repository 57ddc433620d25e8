"""`voice` and `xml:lang`."""

import pytest

from tests.plugins.ssml.helpers import parse, segments


def spoken(attributes, inner="x", outer='xml:lang="en-US"'):
    (segment,) = segments(f"<speak {outer}><voice {attributes}>{inner}</voice></speak>")
    return str(segment.voice), segment.language


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('name="bob"', ("bob", "en-GB")),
        ('name="eva"', ("eva", "de-DE")),
        ('name="nobody eva bob"', ("eva", "de-DE")),
        ('name="en-US-JennyNeural, bob"', ("bob", "en-GB")),
        ('gender="male"', ("bob", "en-US")),
        ('gender="female"', ("ann", "en-US")),
        ('languages="de"', ("eva", "de-DE")),
        ('languages="de-DE" gender="male"', ("max", "de-DE")),
        ('language="de-DE"', ("eva", "de-DE")),
        ('xml:lang="de-DE"', ("eva", "de-DE")),
        ('languages="de" variant="2"', ("max", "de-DE")),
        ('languages="fr de"', ("eva", "de-DE")),
        ('languages="de:en"', ("eva", "de-DE")),
        ('name="nobody" gender="male" languages="en"', ("bob", "en-GB")),
        ('languages="en"', ("ann", "en-US")),
        ('gender="male" languages="fr" required="gender"', ("bob", "en-GB")),
    ],
)
def test_the_voice_that_fits_is_taken(attributes, expected):
    assert spoken(attributes) == expected


def test_a_voice_of_the_text_s_language_is_preferred():
    assert spoken('gender="male"', outer='xml:lang="de-DE"') == ("max", "de-DE")


@pytest.mark.parametrize(
    ("attributes", "ignored"),
    [
        ('name="nobody"', {"voice@name"}),
        ('languages="fr"', {"voice@languages"}),
        ('gender="neutral"', {"voice@gender"}),
        (
            'gender="neutral" required="gender" onvoicefailure="priorityselect"',
            {"voice@gender", "voice@onvoicefailure"},
        ),
        ('name="nobody" required="name" gender="male"', {"voice@name", "voice@gender"}),
        ('age="5"', {"voice@age"}),
        ('name="ann" effect="eq_car"', {"voice@effect"}),
        ('name="nobody" onvoicefailure="keepexisting"', {"voice@name"}),
    ],
)
def test_what_no_voice_has_is_named_and_the_voice_stays(attributes, ignored):
    utterance = parse(f"<speak><voice {attributes}>x</voice></speak>")
    assert {*utterance.ignored} == ignored
    assert str(utterance.parts[0].voice) == "ann"


def test_the_voice_ends_with_its_element():
    found = segments('<speak>a<voice name="eva">b<voice name="bob">c</voice>d</voice>e</speak>')
    assert [(one.text, str(one.voice)) for one in found] == [
        ("a", "ann"),
        ("b", "eva"),
        ("c", "bob"),
        ("d", "eva"),
        ("e", "ann"),
    ]


@pytest.mark.parametrize(
    "inner",
    [
        '<lang xml:lang="de-DE">x</lang>',
        '<p xml:lang="de-DE">x</p>',
        '<s xml:lang="de-DE">x</s>',
        '<w xml:lang="de-DE">x</w>',
        '<token xml:lang="de-DE">x</token>',
    ],
)
def test_the_language_changes_and_the_voice_stays(inner):
    first, second, third = segments(f"<speak>a{inner}b</speak>")
    assert [first.language, second.language, third.language] == ["en-US", "de-DE", "en-US"]
    assert str(second.voice) == "ann"


def test_the_bare_language_keeps_the_region_that_is_known():
    assert segments('<speak xml:lang="en">a</speak>')[0].language == "en-US"


@pytest.mark.parametrize("tag", ["fr-FR", "!!", "x" * 99])
def test_a_language_that_nobody_speaks_is_named(tag):
    utterance = parse(f'<speak>a<lang xml:lang="{tag}">b</lang></speak>')
    assert utterance.ignored == ("lang@xml:lang",)
    assert [part.language for part in utterance.parts] == ["en-US"]


def test_its_text_is_left_out_where_the_document_wants_that():
    document = '<speak>a<lang xml:lang="fr" onlangfailure="ignoretext">b<break/></lang>c</speak>'
    assert [part.text for part in parse(document).parts] == ["ac"]
