"""Chinese, with the extra `zh`."""

import pytest
from koe.stages import Phonemizer
from koe.testing.conformance.phonemizers import PhonemizerConformance
from koe_g2p import MisakiPhonemizer

from .build import phonemes, spoken, to_phonemize
from .vocabulary import VOCABULARY

for _needed in ("jieba", "cn2an", "misaki", "pypinyin"):
    pytest.importorskip(_needed, reason="the extra `zh` is not installed")

# jieba's source has backslashes that Python complains about when it compiles them.
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")


class TestChinese(PhonemizerConformance):
    language = "zh-CN"
    sentences = ("你好，世界！", "今天是2024年3月5日。", "我们去看“电影”吧。")

    @pytest.fixture
    def phonemizer(self, phonemizer: MisakiPhonemizer) -> Phonemizer:
        return phonemizer


def test_words_have_tones_and_sources(phonemizer):
    words = phonemizer.phonemize(to_phonemize("你好，世界！", "zh"))
    assert [(word.text, word.phonemes, word.tail) for word in words] == [
        ("你好", "ni↓xau↓", ", "),
        ("世界", "ʂɨ↘ʨje↘", "!"),
    ]


def test_numbers_are_chinese_and_latin_words_english(phonemizer):
    assert phonemes(phonemizer, "3月cat", "zh") == [*phonemes(phonemizer, "三月", "zh"), "kˈæt"]


def test_long_numbers_and_leading_zeros_are_read_digit_by_digit(phonemizer):
    assert phonemes(phonemizer, "007", "zh") == ["li↗ŋli↗ŋʨʰi→"]
    assert phonemes(phonemizer, "1" * 17 + "%", "zh") == ["pai↓fə→nꭧɨ→" + "i→" * 17]


def test_characters_without_a_reading_are_reported(phonemizer):
    assert phonemes(phonemizer, "兙", "zh") == ["❓"]


def test_it_stays_within_the_vocabulary(phonemizer):
    text = "今天是2024年3月5日，绿色的花儿、女人、熊和鹅：日子！"
    assert set(spoken(phonemizer, text, "zh")) <= VOCABULARY
