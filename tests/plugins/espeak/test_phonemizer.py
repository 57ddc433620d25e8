import random
import re
import threading

import pytest
from koe.api import Alignment, GivenPhonemes, Phonemizer, Segment, Span, UnsupportedLanguageError, VoiceMix
from koe.testing.conformance.phonemizers import PhonemizerConformance
from koe_espeak.files import EspeakFiles
from koe_espeak.library import Library
from koe_espeak.phonemizer import EspeakPhonemizer
from koe_espeak.reading import _paired

from .build import DEFAULTS, new_phonemizer, to_phonemize


class TestEspeakPhonemizer(PhonemizerConformance):
    @pytest.fixture
    def phonemizer(self, phonemizer: EspeakPhonemizer) -> Phonemizer:
        return phonemizer


def test_words_have_phonemes_tails_and_sources(phonemizer):
    words = phonemizer.phonemize(to_phonemize('He said: "The end  of the story" (1984)!'))
    assert [(word.text, word.phonemes, word.tail) for word in words] == [
        ("He", "hiː", " "),
        ("said", "sˈɛd", ': "'),
        ("The", "ðɪ", " "),
        ("end", "ˈɛnd", " "),
        ("of the", "ʌvðə", " "),
        ("story", "stˈɔːɹi", '" ('),
        ("1984", "nˈaɪntiːnhˈʌndɹɪd ˈeɪɾi fˈɔːɹ", ")!"),
    ]
    assert words[4].source == Span(19, 25)


def test_function_words_are_spoken_as_their_context_asks(phonemizer):
    def the(text):
        return phonemizer.phonemize(to_phonemize(text))[0].phonemes

    assert (the("the end"), the("the cat")) == ("ðɪ", "ðə")


def test_opening_punctuation_is_kept(phonemizer):
    words = phonemizer.phonemize(to_phonemize("“Yes” (no)"))
    assert [(word.text, word.tail, word.source) for word in words] == [
        ("", "“", Span(0, 1)),
        ("Yes", "” (", Span(1, 4)),
        ("no", ")", Span(7, 9)),
    ]


def test_sources_are_the_users(phonemizer):
    segment = Segment("two cats", VoiceMix.of("x"), "en", alignment=Alignment.verbatim(6).replace(0, 1, 3))
    assert [word.source for word in phonemizer.phonemize(segment)] == [Span(0, 1), Span(2, 6)]


def test_language_switch_marks_are_removed(phonemizer):
    words = phonemizer.phonemize(to_phonemize("Il boit du whisky.", "fr-FR"))
    assert words[-1].phonemes == "wˈɪski"


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-GB", "bath", "bˈaθ"),
        ("de", "Haus", "hˈaʊs"),
        ("es", "hola", "ˈola"),
        ("fr-FR", "bonjour", "bɔ̃ʒˈuʁ"),
        ("it", "ciao", "tʃˈao"),
        ("hi", "नमस्ते", "nəmˈʌsteː"),
        ("zh", "你好", "ni2χˈɑu2"),
    ],
)
def test_languages_have_their_own_phonemes(phonemizer, language, text, phonemes):
    assert [word.phonemes for word in phonemizer.phonemize(to_phonemize(text, language))] == [phonemes]


def test_a_language_that_it_does_not_support_is_an_error(phonemizer):
    with pytest.raises(UnsupportedLanguageError, match="'qaa'"):
        phonemizer.phonemize(to_phonemize("hello", "qaa"))


def test_given_phonemes_part_the_text_and_keep_their_tail(phonemizer):
    given = (GivenPhonemes(Span(8, 11), "kˈoː"), GivenPhonemes(Span(14, 17), "fˈuː"))
    words = phonemizer.phonemize(to_phonemize("Of the “koe”, foo.", given=given))
    assert [(word.text, word.phonemes, word.tail) for word in words] == [
        ("Of the", "ʌvðə", " “"),
        ("koe", "kˈoː", "”, "),
        ("foo", "fˈuː", "."),
    ]


@pytest.mark.parametrize("text", ["<speak>hi</speak>", "[[h@l'oU]]", "\x01+20S", "&lt;b&gt;"])
def test_markup_and_commands_of_espeak_are_plain_text(phonemizer, text):
    """Were it phoneme mode, `[[h@l'oU]]` would be "həlˈoʊ"."""
    phonemes = " ".join(word.phonemes for word in phonemizer.phonemize(to_phonemize(text)))
    assert phonemes
    assert phonemes != "həlˈoʊ"
    assert "speak" not in text or "spˈiːk" in phonemes


def whole(identifier, text):
    library = Library(EspeakFiles.of(DEFAULTS))
    try:
        library.set_voice(identifier)
        phonemes = " ".join(library.phonemes(text))
        return re.sub(r" +", " ", re.sub(r"\([a-z-]+\)", "", phonemes)).strip()
    finally:
        library.close()


PARAGRAPH = (
    "Kokoro-82M on ONNX, v1.1-zh, CVE-2025-69872: as well as the of the in the to be. "
    "It's 3:45 pm on 21/02/2024 — $5.50 & 50% of 1,234,567; e.g. x@y.org or http://a.b/c?d=e! "
    "C++ isn't C#, 20°C ½ x² 😀 café naïve 東京 привет rock'n'roll twenty-one o'clock…"
)


@pytest.mark.parametrize(
    ("language", "identifier"), [("en-US", "gmw/en-US"), ("de", "gmw/de"), ("fr", "roa/fr")]
)
def test_no_phoneme_is_lost_or_moved(phonemizer, language, identifier):
    words = phonemizer.phonemize(to_phonemize(PARAGRAPH, language))
    assert " ".join(word.phonemes for word in words if word.phonemes) == whole(identifier, PARAGRAPH)


def test_a_silent_word_does_not_shift_the_others(phonemizer):
    """espeak-ng reports a place for the hyphen of "82M" but speaks nothing there."""
    words = {word.text: word.phonemes for word in phonemizer.phonemize(to_phonemize(PARAGRAPH))}
    assert words["Kokoro-82M"] == "kəkˈɔːɹoʊ ˈeɪɾi tˈuː ˈɛm"
    assert words["on"] == "ˌɔn"


def test_where_numbers_of_words_and_places_differ_nothing_is_lost():
    assert list(_paired([["a", "b"], ["c", "", "d"]], [[0, 4], [9, 12]])) == [(0, "a"), (4, "b"), (9, "c d")]
    assert list(_paired([["a", "b"], ["c"]], [[0]])) == [(0, "a b c")]


def test_overlong_words_are_spoken_whole(phonemizer):
    """espeak-ng itself forgets what lies beyond some 200 phonemes of one word."""
    short, long = (
        sum(len(word.phonemes) for word in phonemizer.phonemize(to_phonemize("tak" * count)))
        for count in (50, 500)
    )
    assert long > 9 * short


def test_random_text_gives_the_same_in_any_order(phonemizer):
    rng = random.Random(7)
    pool = "the of to a I 1 23 , . ! - ' \" ( [ < & % \n \x00 \x01 \ud800 é ß न 你 ア 😀 \u200d [[ + @".split(
        " "
    )
    texts = ["".join(rng.choices(pool, k=rng.randint(1, 60))) for _ in range(60)]
    texts += [" ".join(rng.choices(pool, k=rng.randint(1, 60))) for _ in range(60)]
    languages = [rng.choice(["en-US", "fr", "hi", "zh", "ar", "ru"]) for _ in texts]
    jobs = list(zip(texts, languages, strict=True))
    forwards = [phonemizer.phonemize(to_phonemize(*job)) for job in jobs]
    backwards = [phonemizer.phonemize(to_phonemize(*job)) for job in reversed(jobs)]
    assert backwards[::-1] == forwards


def test_a_closed_phonemizer_starts_again(phonemizer):
    before = phonemizer.phonemize(to_phonemize("hello"))
    phonemizer.close()
    phonemizer.close()
    assert phonemizer.phonemize(to_phonemize("hello")) == before


def test_ties_join_the_letters_of_one_sound(phonemizer):
    tied = phonemizer.tied()
    assert [word.phonemes for word in tied.phonemize(to_phonemize("The bottle, chair"))] == [
        "ðə",
        "bˈɑːɾə͡l",
        "t͡ʃˈɛ͡ɹ",
    ]
    assert phonemizer.phonemize(to_phonemize("chair"))[0].phonemes == "tʃˈɛɹ"


def test_language_switch_marks_are_removed_from_tied_phonemes_too(phonemizer):
    words = phonemizer.tied().phonemize(to_phonemize("Il boit du whisky.", "fr-FR"))
    assert words[-1].phonemes == "wˈɪski"


def test_asking_for_languages_keeps_no_library_open():
    """A config is checked without a server that would close it."""
    asked = new_phonemizer()
    assert asked.supports("de")
    assert not asked.supports("qaa")
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("espeak")] == []
