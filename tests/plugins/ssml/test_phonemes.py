"""`phoneme`: IPA, X-SAMPA and Kokoro's own symbols."""

import pytest
from koe.api import GivenPhonemes, Span
from koe.errors import InvalidRequestError
from koe.lexicon.ipa import kokoro_symbols
from koe.lexicon.xsampa import ipa
from koe.testing.fakes import FakeEngine

from tests.plugins.ssml.helpers import heard, parse, segments

KOKORO = frozenset(
    '$;:,.!?—…"()“” \u0303ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθ'
    "œɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ"
)


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("təˈmeɪtoʊ", "en-US", "təmˈAtO"),
        ("pɪˈkɑːn", "en-US", "pɪkˈɑn"),
        ("təˈmɑːtəʊ", "en-GB", "təmˈɑːtQ"),
        ("t͡ʃɜːtʃ", "en-US", "ʧɜɹʧ"),
        ("ˈdʒɜːni", "en-GB", "ʤˈɜːni"),
        ("ˈstɹɛŋθ", "en-US", "stɹˈɛŋθ"),
        ("ɡɪɹl", "en-US", "ɡɪɹl"),
        ("gɝl", "en-US", "ɡɜɹl"),
        ("ˈbʌtɚ", "en-US", "bˈʌtəɹ"),
        ("ˈrɪ.vɚ", "en-US", "ɹˈɪvəɹ"),
        ("tsaɪt", "de-DE", "tsaɪt"),
        ("ˈt͡saɪt", "de-DE", "ˈʦaɪt"),
        ("həlˈO", "en-US", "həlˈO"),
        ("haʊs baɪ", "en-US", "hWs bI"),
    ],
)
def test_ipa_becomes_what_kokoro_was_trained_on(written, language, expected):
    assert kokoro_symbols(written, language) == expected
    assert set(expected) <= KOKORO


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('t@"meItoU', "təˈmeɪtoʊ"),
        ('pI"kA:n', "pɪˈkɑːn"),
        ("r\\Ed", "ɹɛd"),
        ("{pl=", "æpl\u0329"),
        ("T3`ti", "θɝti"),
        ("SI_0p", "ʃɪ\u0325p"),
        ("b_<a", "ɓa"),
        ("x_w", "xʷ"),
    ],
)
def test_x_sampa_is_ipa_in_ascii(written, expected):
    assert ipa(written) == expected


def test_the_phonemes_belong_to_the_element_s_text():
    document = '<speak>A <phoneme alphabet="ipa" ph="pɪˈkɑːn"> pecan </phoneme>pie</speak>'
    (segment,) = segments(document)
    assert segment.text == "A pecan pie"
    assert segment.given == (GivenPhonemes(Span(2, 7), "pɪkˈɑn"),)
    assert document[segment.source(2, 7).start : segment.source(2, 7).end] == "pecan"


@pytest.mark.parametrize(
    ("alphabet", "ph"),
    [("ipa", "pɪˈkɑːn"), ("x-sampa", "pI&quot;kA:n"), ("x-kokoro", "pɪkˈɑn"), ("IPA", "pɪˈkɑːn")],
)
def test_every_alphabet_says_the_same(alphabet, ph):
    (segment,) = segments(f'<speak><phoneme alphabet="{alphabet}" ph="{ph}">pecan</phoneme></speak>')
    assert segment.given[0].phonemes == "pɪkˈɑn"


def test_ipa_is_the_default_and_the_text_may_be_missing():
    (segment,) = segments('<speak><phoneme ph="pɪkɑn"/></speak>')
    assert (segment.text, segment.wholly_given) == ("pɪkɑn", True)


async def test_what_the_engine_cannot_say_is_refused_with_its_place():
    engine = FakeEngine(known=frozenset("abc"))
    with pytest.raises(InvalidRequestError, match=r"line 1, column 33: .* no phoneme symbol 'ʘ'"):
        await heard("<speak><phoneme ph='bʘ' type=''>b</phoneme></speak>", engine=engine)


@pytest.mark.parametrize(
    ("attributes", "ignored"),
    [
        ('alphabet="x-amazon-pinyin" ph="bo1"', "phoneme@alphabet"),
        ('alphabet="ipa" ph=""', "phoneme@ph"),
        ("", "phoneme@ph"),
    ],
)
def test_phonemes_that_cannot_be_read_are_named_and_the_text_spoken(attributes, ignored):
    utterance = parse(f"<speak><phoneme {attributes}>bo</phoneme></speak>")
    assert utterance.ignored == (ignored,)
    assert [(part.text, part.given) for part in utterance.parts] == [("bo", ())]


def test_endless_phonemes_are_refused():
    with pytest.raises(InvalidRequestError, match=r"line 1, column 8: .* at most 200"):
        parse(f"<speak><phoneme ph='{'a' * 201}'>b</phoneme></speak>")
