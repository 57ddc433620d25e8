"""Words, tails and sources of whole texts."""

import pytest
from koe.alignment import Alignment, Span
from koe.errors import UnsupportedLanguageError
from koe.types import GivenPhonemes, Segment, VoiceMix
from koe_g2p import G2pConfig
from koe_g2p.phonemizer import MisakiPhonemizer

from .build import misaki, phonemes, spoken, to_phonemize


def test_words_have_phonemes_tails_and_sources(phonemizer):
    words = phonemizer.phonemize(to_phonemize('He said: "The end  of it" (1984)!'))
    assert [(word.text, word.phonemes, word.tail) for word in words] == [
        ("He", "hˌi", " "),
        ("said", "sˈɛd", ": “"),
        ("The", "ði", " "),
        ("end", "ˈɛnd", " "),
        ("of", "ʌv", " "),
        ("it", "ɪt", "” ("),
        ("1984", "nˌIntˈin ˈATi fˈɔɹ", ")!"),
    ]
    assert words[4].source == Span(19, 21)


def test_sources_are_the_users(phonemizer):
    segment = Segment("two cats", VoiceMix.of("x"), "en", alignment=Alignment.verbatim(6).replace(0, 1, 3))
    assert [word.source for word in phonemizer.phonemize(segment)] == [Span(0, 1), Span(2, 6)]


def test_opening_punctuation_is_the_tail_of_an_empty_word(phonemizer):
    words = phonemizer.phonemize(to_phonemize("“Yes” (no)"))
    assert [(word.text, word.tail, word.source) for word in words] == [
        ("", "“", Span(0, 1)),
        ("Yes", "” (", Span(1, 4)),
        ("no", ")", Span(7, 9)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10%", ["tˈɛn pəɹsˈɛnt"]),
        ("$5.50", ["fˈIv dˈɑləɹz ænd fˈɪfti sˈɛnts"]),
        ("$1", ["wˈʌn dˈɑləɹ"]),
        ("£0.99", ["nˈIndi nˈIn pˈɛns"]),
        ("$5 million", ["fˈIv", "mˈɪljᵊn dˈɑləɹz"]),
        ("5€", ["fˈIv jˈʊɹOz"]),
        ("R&B", ["ˈɑɹ ænd bˈi"]),
        ("well-known", ["wˌɛlnˈOn"]),
        ("A320's", ["ˈA θɹˈi twˈɛntiz"]),
    ],
)
def test_what_is_written_together_is_one_word_with_its_source(phonemizer, text, expected):
    words = phonemizer.phonemize(to_phonemize(text))
    assert [word.phonemes for word in words] == expected
    assert [text[word.source.start : word.source.end] for word in words] == text.split(" ")


def test_function_words_depend_on_what_follows(phonemizer):
    assert phonemes(phonemizer, "the end, the cat") == ["ði", "ˈɛnd", "ðə", "kˈæt"]
    assert phonemes(phonemizer, "to eat to go to")[::2] == ["tʊ", "tə", "tu"]
    assert phonemes(phonemizer, "come in. in it")[1:3] == ["ˈɪn", "ɪn"]
    assert phonemes(phonemizer, "a plan A")[::2] == ["ɐ", "ˈA"]


def test_a_blank_line_ends_what_a_word_looks_at(phonemizer):
    assert phonemes(phonemizer, "go to\n\neat")[1] == "tu"
    assert phonemes(phonemizer, "go to\neat")[1] == "tʊ"


def test_initials_and_titles_keep_their_point_and_do_not_pause(phonemizer):
    words = phonemizer.phonemize(to_phonemize("Mr. Lee of the U.S. navy, e.g. in No. 5."))
    assert [(word.text, word.tail) for word in words if "." in word.text + word.tail] == [
        ("Mr.", " "),
        ("U.S.", " "),
        ("e.g.", " "),
        ("No.", " "),
        ("5", "."),
    ]


def test_words_outside_the_lexicon_are_said_by_the_fallback_in_kokoro_s_symbols(phonemizer):
    assert phonemes(phonemizer, "Wexley Quixtar") == ["wˈɛksli", "kwˈɪkstəɹ"]


def test_accents_that_the_lexicon_lacks_are_looked_past(phonemizer):
    assert phonemes(phonemizer, "naïve café") == phonemes(phonemizer, "naive cafe")


def test_given_phonemes_are_verbatim_in_mapped_languages_too(phonemizer):
    given = GivenPhonemes(Span(3, 7), "t͡ʃeɪ-ʔ")
    words = phonemizer.phonemize(to_phonemize("il word boit", "fr-FR", (given,)))
    assert [word.phonemes for word in words] == ["ˈil", given.phonemes, "bwˈa"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr-FR", "Il boit du whisky.", "il bwˈa dy wˈɪski."),
        ("es", "mucho aire", "mˈuʧo ˈIɾe"),
        ("it", "pizza, ciao", "pˈiʦːa, ʧˈao"),
        ("pt-BR", "gente", "ʒˈAŋʧy"),
        ("hi", "नमस्ते।", "nəmˈʌsteː."),
    ],
)
def test_other_languages_are_the_fallback_s_ipa_in_kokoro_s_symbols(phonemizer, language, text, expected):
    assert spoken(phonemizer, text, language) == expected


def test_without_a_fallback_other_languages_are_refused_and_unknown_words_spelt():
    alone = misaki(fallbacks=[])
    assert not alone.supports("fr-FR")
    with pytest.raises(UnsupportedLanguageError, match=r"pipeline\.phonemize"):
        alone.phonemize(to_phonemize("bonjour", "fr-FR"))
    assert phonemes(alone, "xqz7") == ["ˈɛks kjˈu zˈi sˈɛvən"]


def test_letters_that_nobody_can_say_are_reported_rather_than_dropped():
    assert phonemes(misaki(fallbacks=[]), "да") == ["❓ ❓"]


def test_the_same_words_are_british_in_british_english(phonemizer):
    assert phonemes(phonemizer, "bath", "en-GB") == phonemes(phonemizer, "bath", "en-AU") == ["bˈɑːθ"]
    assert phonemes(phonemizer, "bath", "en") == phonemes(phonemizer, "bath", "en-CA") == ["bˈæθ"]


def test_long_and_repetitive_words_take_no_long_time(phonemizer):
    """Each of these would be quadratic, were its pieces not bounded."""
    for text in ("a-" * 4000, "x1" * 4000, "aa'" * 2500, "A.b" * 2500, "9" * 8000, "$" * 8000, "." * 8000):
        phonemizer.phonemize(to_phonemize(text))


def test_a_config_chooses_the_accent():
    assert phonemes(misaki(G2pConfig(english="british")), "bath", "en-US") == ["bˈɑːθ"]
    assert phonemes(misaki(G2pConfig(english="american")), "bath", "en-GB") == ["bˈæθ"]


def test_parts_of_speech_are_told_for_english_alone(phonemizer):
    text = "I read it, and read to live."
    tags = phonemizer.parts_of_speech(to_phonemize(text))
    words = [text[word.start : word.end] for word, _ in tags]
    assert words == ["I", "read", "it", "and", "read", "to", "live"]
    assert tags[-1][1] == "VB"
    assert phonemizer.parts_of_speech(Segment("leer", VoiceMix(()), "es")) is None
    assert MisakiPhonemizer(G2pConfig(languages=("es",))).parts_of_speech(to_phonemize(text)) is None
