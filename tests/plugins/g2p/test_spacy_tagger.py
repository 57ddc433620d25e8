"""The tagger `spacy` uses the user's model; a stand-in for spaCy is enough to see how."""

import sys
import types

import pytest
from attrs import frozen
from koe.alignment import Span
from koe_g2p import G2pConfig, MisakiPhonemizer
from koe_g2p.spacy_tagger import SpacyTagger

from .build import espeak, to_phonemize


@frozen
class _Token:
    idx: int
    text: str
    tag_: str

    def __len__(self):
        return len(self.text)


def _spacy(monkeypatch, tokens=(), error=None):
    asked = []

    def load(model, exclude):
        asked.append(model)
        if error:
            raise error
        return lambda text: tokens

    module = types.ModuleType("spacy")
    module.load = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spacy", module)
    return asked


def test_a_word_has_the_tag_of_the_token_that_shares_most_with_it(monkeypatch):
    asked = _spacy(monkeypatch, [_Token(0, "I", "PRP"), _Token(2, "did", "VBD"), _Token(5, "n't", "RB")])
    tagger = SpacyTagger("my_model")
    assert tagger.tags("I didn't", [Span(0, 1), Span(2, 8), Span(8, 9)]) == ["PRP", "VBD", ""]
    assert asked == ["my_model"]


def test_its_tags_decide_the_reading(monkeypatch):
    _spacy(monkeypatch, [_Token(0, "tear", "VB")])
    phonemizer = MisakiPhonemizer(G2pConfig(tagger="spacy"))
    phonemizer.use_fallbacks([espeak()])
    assert phonemizer.phonemize(to_phonemize("tear"))[0].phonemes == "tˈɛɹ"


def test_without_spacy_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(RuntimeError, match=r'pip install "koe-g2p\[spacy\]"'):
        MisakiPhonemizer(G2pConfig(tagger="spacy"))


def test_without_the_model_the_error_says_how_to_get_it(monkeypatch):
    _spacy(monkeypatch, error=OSError("[E050]"))
    with pytest.raises(RuntimeError, match="python -m spacy download en_core_web_md"):
        MisakiPhonemizer(G2pConfig(tagger="spacy", spacy_model="en_core_web_md"))
