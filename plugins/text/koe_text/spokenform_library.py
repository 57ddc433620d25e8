"""spokenform: what it would rewrite in a piece of text, as edits. Imported at first use: 0.5 s and 20 MB."""

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

from koe.api import Edit, Fence

LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "pt"})

_loading = Lock()


class Spokenform:
    """Safe to share among threads: every call has its own state, results are equal to those alone."""

    def __init__(self) -> None:
        self.fence = Fence("spokenform")

    def edits(self, text: str, language: str) -> list[Edit]:
        """What spokenform changes in `text`, which is at most `pieces.MAX_CHARACTERS` long."""
        found = self.fence.run(lambda piece: _replacements(piece, language), text)
        return (
            []
            if found is None
            else [
                Edit(one.source_start, one.source_end, one.replacement)
                for one in found
                if _letters(one.replacement) != _letters(one.source)
            ]
        )


def _letters(text: str) -> str:
    """The text without what only spells it: spaces, stops, case."""
    return "".join(character for character in text.lower() if character.isalnum())


def _replacements(text: str, language: str) -> Sequence[Any]:
    prepare, config = _load(language)
    prepared = prepare(text, config=config)
    replacements: Sequence[Any] = prepared.source_replacements
    return replacements


def _load(language: str) -> tuple[Any, Any]:
    with _loading:
        return _prepared(language)


@cache
def _prepared(language: str) -> tuple[Any, Any]:
    from spokenform import PreparationConfig, prepare

    config = PreparationConfig(
        language=language,
        use_spacy=False,
        normalize_literals=True,
        normalize_whitespace=False,
        normalize_unicode=False,
    )
    return prepare, config
