"""misaki's pronunciations, looked up in sorted files: a word is parsed when it is asked for."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

from attrs import frozen

Accent: TypeAlias = Literal["american", "british"]

_CACHED_WORDS = 16_384
_LINE_END = re.compile(b"\n")


@frozen
class Entry:
    """How one word is said: by default, and as certain parts of speech. None: it is spelt."""

    default: str | None
    by_tag: Mapping[str, str | None]


class Table:
    """One sorted file of `word<TAB>phonemes[<TAB>TAG=phonemes]…` lines."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = array("I", [0, *(match.end() for match in _LINE_END.finditer(data))])
        self._starts.pop()  # behind the last line

    def __len__(self) -> int:
        return len(self._starts)

    def find(self, word: str) -> Entry | None:
        key = word.encode(errors="replace")
        index = bisect_left(self._starts, key, key=self._word)
        if index == len(self._starts) or self._word(self._starts[index]) != key:
            return None
        start = self._starts[index]
        _, default, *others = self._data[start : self._data.index(b"\n", start)].decode().split("\t")
        tagged = (other.partition("=") for other in others)
        return Entry(default or None, {tag: phonemes or None for tag, _, phonemes in tagged})

    def _word(self, start: int) -> bytes:
        return self._data[start : self._data.index(b"\t", start)]


class Lexicon:
    """The words of one accent. Safe to share among threads.

    `gold` is checked by people, `silver` was derived. A word written in lower case answers for its
    capitalised form as well, and the other way round.
    """

    def __init__(self, gold: Table, silver: Table) -> None:
        self.gold = lru_cache(_CACHED_WORDS)(lambda word: _either_case(gold, word))
        self.silver = lru_cache(_CACHED_WORDS)(lambda word: _either_case(silver, word))

    @classmethod
    @cache
    def of(cls, accent: Accent) -> "Lexicon":
        """The lexicon of an accent, read on the first call (about 10 MB)."""
        return cls(_table(f"{accent}_gold"), _table(f"{accent}_silver"))


def _table(name: str) -> Table:
    return Table((files("koe_g2p") / "data" / f"{name}.tsv").read_bytes())


def _either_case(table: Table, word: str) -> Entry | None:
    entry = table.find(word)
    if entry is not None or len(word) < 2:  # noqa: PLR2004 - single letters have names of their own
        return entry
    lower = word.lower()
    if word == lower:
        return table.find(lower.capitalize())
    return table.find(lower) if word == lower.capitalize() else None
