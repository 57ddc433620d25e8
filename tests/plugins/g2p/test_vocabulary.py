"""What reaches the model are its symbols, or they are reported."""

from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from koe.segmenter import within_vocabulary
from koe_g2p.fallback import UNREADABLE

from .build import to_phonemize
from .vocabulary import VOCABULARY

LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MARKS = " .,;:!?—-…\"'“”«»()[]/&%$€0123456789\n"
ALPHABETS = {
    "en-US": LATIN + "éïñ’",
    "en-GB": LATIN + "éïñ’",
    "es": LATIN + "áéíóúüñ¿¡",
    "fr-FR": LATIN + "àâæçéèêëîïôœùûüÿ’",
    "hi": "".join(map(chr, range(0x0901, 0x0970))),
    "it": LATIN + "àèéìòù’",
    "pt-BR": LATIN + "ãõáéíóúâêôçà",
    "ja": "".join(map(chr, [*range(0x3041, 0x3097), *range(0x30A1, 0x30FD)])) + "日本語猫今人々、。「」",
    "zh": "你好世界今天我们电影绿女熊鹅日子吃饭中国人，。！？“”",
}
EXTRAS = {"ja": "fugashi", "zh": "jieba"}
REPORTED = {UNREADABLE}
"""A kana or kanji on its own may have no reading; the core says so."""
MANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("language", ALPHABETS)
@MANY
@given(data=st.data())
def test_text_of_a_language_gives_only_symbols_of_the_model(phonemizer, language, data):
    if language in EXTRAS and find_spec(EXTRAS[language]) is None:
        pytest.skip(f"the extra `{language}` is not installed")
    text = data.draw(st.text(ALPHABETS[language] + MARKS, max_size=60))
    words = phonemizer.phonemize(to_phonemize(text, language))
    symbols = {symbol for word in words for symbol in word.phonemes + word.tail}
    assert symbols - (REPORTED if language in EXTRAS else set()) <= VOCABULARY


@MANY
@given(text=st.text(max_size=40))
def test_of_any_text_what_is_outside_the_vocabulary_is_reported_by_the_core(phonemizer, text):
    words = phonemizer.phonemize(to_phonemize(text))
    known = within_vocabulary(words, VOCABULARY)
    outside = {symbol for word in words for symbol in word.phonemes + word.tail} - VOCABULARY
    assert outside == set(known.unknown_symbols)
    assert all(set(word.phonemes + word.tail) <= VOCABULARY for word in known.words)


@MANY
@given(text=st.text(LATIN + MARKS, max_size=60))
def test_no_letter_or_digit_is_left_out_of_the_words(phonemizer, text):
    words = phonemizer.phonemize(to_phonemize(text))
    spoken = "".join(word.text for word in words)
    assert [one for one in text if one.isalnum()] == [one for one in spoken if one.isalnum()]
    assert all(word.phonemes for word in words if any(map(str.isalnum, word.text)))
