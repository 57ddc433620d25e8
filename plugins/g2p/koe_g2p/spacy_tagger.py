"""The tags of a spaCy model that the user has installed."""

import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from koe.api import Span

from koe_g2p.tagger import Tagger


class SpacyTagger(Tagger):
    """The fine tags of a spaCy pipeline, one sentence after another.

    Raises:
        RuntimeError: spaCy or the model is not installed.
    """

    def __init__(self, model: str) -> None:
        self._pipeline = _load(model)
        self._lock = threading.Lock()

    def tags(self, text: str, words: Sequence[Span]) -> list[str]:
        with self._lock:
            tokens = [(token.idx, token.idx + len(token), token.tag_) for token in self._pipeline(text)]
        return [_tag(word, tokens) for word in words]


def _tag(word: Span, tokens: Sequence[tuple[int, int, str]]) -> str:
    """The tag of the token that shares most with the word ("do" of "don't")."""
    shared = [
        (min(end, word.end) - max(start, word.start), tag)
        for start, end, tag in tokens
        if start < word.end and word.start < end
    ]
    return max(shared, key=lambda one: one[0], default=(0, ""))[1]


def _load(model: str) -> Any:
    try:
        spacy = import_module("spacy")
    except ImportError as error:
        raise RuntimeError(
            'plugins.g2p.tagger = "spacy" needs spaCy, which is not installed: '
            'pip install "koe-g2p[spacy]", or set tagger = "rules"'
        ) from error
    try:
        return spacy.load(model, exclude=["parser", "ner", "lemmatizer", "senter"])
    except OSError as error:
        raise RuntimeError(
            f"plugins.g2p.spacy_model = {model!r} is not installed: python -m spacy download {model}"
        ) from error
