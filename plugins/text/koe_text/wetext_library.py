"""wetext: what it would rewrite in a piece of text, as edits. Imported at first use."""

import difflib
import re
from functools import cache
from threading import Lock
from typing import Any

from koe_text.edits import Edit
from koe_text.fence import Fence

LANGUAGES = frozenset({"en", "ja", "zh"})

_TOKEN = re.compile(r"\s+|\d+|[぀-ヿ一-鿿]|[^\W\d]+|[^\w\s]")
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


def differences(written: str, spoken: str) -> list[Edit]:
    """The edits that make `spoken` out of `written`, without those that change case or spaces alone."""
    before, after = _TOKEN.findall(written), _TOKEN.findall(spoken)
    starts = [match.start() for match in _TOKEN.finditer(written)] + [len(written)]
    matcher = difflib.SequenceMatcher(
        None, [token.lower() for token in before], [token.lower() for token in after], autojunk=False
    )
    edits = []
    for kind, low, high, first, last in matcher.get_opcodes():
        old, new = "".join(before[low:high]), "".join(after[first:last])
        if kind != "equal" and old.strip() != new.strip() and low < high:
            edits.append(Edit(starts[low], starts[high], new))
    return edits


def _normalized(text: str, language: str) -> str:
    with _loading:
        normalizer = _normalizer(language)
    spoken: str = normalizer.normalize(text)
    return spoken


@cache
def _normalizer(language: str) -> Any:
    from wetext import Normalizer

    return Normalizer(lang=language, operator="tn")
