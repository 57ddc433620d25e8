"""The phonemizer does what every phonemizer must, in each language."""

import pytest
from koe.stages import Phonemizer
from koe.testing.conformance.phonemizers import PhonemizerConformance
from koe_g2p import G2pConfig, MisakiPhonemizer

from .build import misaki


class TestAmerican(PhonemizerConformance):
    @pytest.fixture
    def phonemizer(self, phonemizer: MisakiPhonemizer) -> Phonemizer:
        return phonemizer


class TestBritish(TestAmerican):
    language = "en-GB"


class TestFrench(TestAmerican):
    language = "fr-FR"
    sentences = ("Bonjour, le monde !", "Il boit du whisky : c'est bon.", "« Oui », dit-elle (bas)…")


class TestWithoutFallback(TestAmerican):
    @pytest.fixture
    def phonemizer(self) -> Phonemizer:
        return misaki(G2pConfig(unknown_words="spell"), fallbacks=[])
