"""wetext: what it would rewrite in a piece of text, as edits. Imported at first use."""

from functools import cache
from threading import Lock
from typing import Any

from koe.api import Edit, Fence, differences

LANGUAGES = frozenset({"en", "ja", "zh"})

_loading = Lock()


class Wetext:
    """Safe to share among threads: the transducers are read only."""

    def __init__(self) -> None:
        self.fence = Fence("wetext")

    def edits(self, text: str, language: str) -> list[Edit]:
        """What wetext changes in `text`, which is at most `pieces.MAX_CHARACTERS` long.

        It returns the whole text anew, so written and spoken form are compared token by token.
        """
        if not text.strip():
            return []
        spoken = self.fence.run(lambda piece: _normalized(piece, language), text)
        return [] if not spoken or not spoken.strip() else differences(text, spoken)


def _normalized(text: str, language: str) -> str:
    with _loading:
        normalizer = _normalizer(language)
    spoken: str = normalizer.normalize(text)
    return spoken


@cache
def _normalizer(language: str) -> Any:
    from wetext import Normalizer

    return Normalizer(lang=language, operator="tn")
