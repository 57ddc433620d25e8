"""Japanese, with the extra `ja`."""

import pytest
from koe.stages import Phonemizer
from koe.testing.conformance.phonemizers import PhonemizerConformance
from koe_g2p import MisakiPhonemizer

from .build import phonemes, spoken
from .vocabulary import VOCABULARY

for _needed in ("fugashi", "jaconv", "misaki", "mojimoji", "unidic_lite"):
    pytest.importorskip(_needed, reason="the extra `ja` is not installed")

# misaki reads its word list in a deprecated way.
pytestmark = pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")


class TestJapanese(PhonemizerConformance):
    language = "ja"
    sentences = ("こんにちは、世界。", "今日は2024年です。", "「はい」と言った。")

    @pytest.fixture
    def phonemizer(self, phonemizer: MisakiPhonemizer) -> Phonemizer:
        return phonemizer


def test_it_is_read_by_its_kana_with_particles_as_spoken(phonemizer):
    assert spoken(phonemizer, "これは、猫。", "ja") == "koɾe βa, neko."


def test_latin_words_are_english(phonemizer):
    assert phonemes(phonemizer, "猫cat", "ja") == ["neko", "kˈæt"]


def test_long_numbers_and_leading_zeros_are_read_digit_by_digit(phonemizer):
    assert phonemes(phonemizer, "007", "ja") == phonemes(phonemizer, "ゼロゼロなな", "ja")
    assert phonemes(phonemizer, "1" * 10, "ja") == phonemes(phonemizer, "いち" * 10, "ja")


def test_characters_without_a_reading_are_reported(phonemizer):
    assert phonemes(phonemizer, "丄 я", "ja") == ["❓", "❓"]


def test_it_stays_within_the_vocabulary(phonemizer):
    text = "ぎゅうにゅうを一本、りゃくす。ウォッカ・ヴァイオリン「ッ」、ファ！"
    assert set(spoken(phonemizer, text, "ja")) <= VOCABULARY
