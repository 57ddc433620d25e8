"""misaki's own code over our words and tags: what Kokoro's training made of a text."""

import sys
import types
import warnings
from unittest.mock import patch

import pytest
from koe.alignment import Span
from koe_g2p.rule_tagger import RuleTagger
from koe_g2p.words import split


def misaki_english():
    """The module `misaki.en`; spaCy, which it imports and does not need here, is a stub meanwhile."""
    pytest.importorskip("misaki")
    pytest.importorskip("num2words")
    with patch.dict(sys.modules, {"spacy": types.ModuleType("spacy")}):
        import misaki.en
    return misaki.en


class Oracle:
    """misaki's G2P without its tokenizer, tagger and fallback."""

    def __init__(self, *, british: bool) -> None:
        module = misaki_english()
        self._token = module.MToken
        self._g2p = module.G2P.__new__(module.G2P)
        self._g2p.version = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # importlib.resources.open_text
            self._g2p.lexicon = module.Lexicon(british)
        self._g2p.fallback = None
        self._g2p.unk = "❓"

    def words(self, text: str) -> list[tuple[str, str]]:
        """Each word with its phonemes."""
        words = split(text).words
        tags = RuleTagger().tags(text, [Span(word.start, word.end) for word in words])
        tokens = []
        for word, tag in zip(words, tags, strict=True):
            space = " " if word.tail.startswith(" ") else ""
            tokens.append(self._made(word.text, tag, space))
            tokens += [self._made(mark, mark, "") for mark in word.tail if not mark.isspace()]
            if word.tail.strip() and word.tail.endswith(" "):
                tokens[-1].whitespace = " "
        self._g2p.tokenize = lambda text, words, features: list(tokens)
        _, made = self._g2p(text, preprocess=False)
        spoken = [token for token in made if any(character.isalnum() for character in token.text)]
        return [(token.text, token.phonemes) for token in spoken]

    def _made(self, text: str, tag: str, space: str):
        tag = {"“": "``", "”": "''", "…": ":", "—": ":", ";": ":", "(": "-LRB-", ")": "-RRB-"}.get(tag, tag)
        tag = {"!": ".", "?": "."}.get(tag, tag)
        underscore = self._token.Underscore(is_head=True, num_flags="", prespace=False)
        return self._token(text=text, tag=tag, whitespace=space, _=underscore)
