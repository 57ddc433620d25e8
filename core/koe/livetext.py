"""Where to cut text that is still being written, so that speech can begin before it is complete."""

import re
from collections.abc import Iterator
from typing import Protocol

from attrs import define, field

from koe.text import sentence_ends

FIRST_CLAUSE = 20
"""From this many characters on, the first piece ends with a clause: sound begins soon."""
LATER_CLAUSE = 150
"""The same for the pieces behind it, whose sentences may be waited for while the first piece plays."""
LONGEST = 400
"""A piece with neither sentence nor clause in it ends at the last word that fits into this."""

_CLAUSE = re.compile(r"""[,;:—–،؛]++ [)\]"'”’»]*+ (?=\s) | [、，；：]++ [」』”’）]*+""", re.VERBOSE)
_NOT_SPACE = re.compile(r"\S")


class Cutter(Protocol):
    """Takes text as it comes and gives it on in pieces; joined, they are exactly the text.

    What `flush` has ended is forgotten: the next text is a new one.
    """

    def feed(self, text: str) -> list[str]:
        """Take the text that follows; give the pieces that are certain now."""

    def flush(self) -> list[str]:
        """The text has come to its end; give the rest of it."""


@define
class LiveText:
    """Cuts behind sentences, and behind clauses where a sentence would take too long.

    A piece ends where the next word begins, since only that word tells "3." from "3.50" and "Dr." from the
    end of a sentence. Never more than `LONGEST` characters are held back, so each call costs at most a
    constant and what it gives.
    """

    _held: str = field(default="", init=False)
    _first: bool = field(default=True, init=False)

    def feed(self, text: str) -> list[str]:
        decided = _decided(self._held)
        self._held += text
        return list(self._pieces(decided))

    def flush(self) -> list[str]:
        rest, self._held, self._first = self._held, "", True
        return [rest] if rest else []

    def _pieces(self, decided: int) -> Iterator[str]:
        start = 0
        while end := self._end(self._held[start : start + LONGEST + 1], decided):
            yield self._held[start : start + end]
            start += end
            decided, self._first = 0, False
        self._held = self._held[start:]

    def _end(self, window: str, decided: int) -> int:
        """Where the piece at the begin of `window` ends, not before `decided`; 0 while that is open."""
        least = max(decided, FIRST_CLAUSE if self._first else LATER_CLAUSE)
        return _sentence(window, decided) or _clause(window, least) or _word(window)


@define
class WholeText:
    """Gives the text as one piece when it is complete: for markup, which cannot be cut unread."""

    _held: list[str] = field(factory=list, init=False)

    def feed(self, text: str) -> list[str]:
        self._held.append(text)
        return []

    def flush(self) -> list[str]:
        rest = "".join(self._held)
        self._held.clear()
        return [rest] if rest else []


def _decided(held: str) -> int:
    """Up to where no more text can make an end of what was none: the end of the last word but one."""
    words = held.rsplit(None, 1)
    return len(words[0]) if len(words) > 1 else 0


def _sentence(window: str, start: int) -> int:
    ends = (end for _, end in sentence_ends(window, start))
    return _next_word(window, next(ends, len(window)))


def _clause(window: str, least: int) -> int:
    # A mark may begin before `least`: the one that reaches it counts.
    ends = (match.end() for match in _CLAUSE.finditer(window))
    return _next_word(window, next((end for end in ends if end >= least), len(window)))


def _next_word(window: str, position: int) -> int:
    """Where the next word begins; 0 where it has not come yet."""
    found = _NOT_SPACE.search(window, position)
    return found.start() if found else 0


def _word(window: str) -> int:
    """Where the last word begins, or the end where there is only one, in a window that is full."""
    if len(window) <= LONGEST:
        return 0
    for place in range(LONGEST, 0, -1):
        if window[place - 1].isspace():
            return place
    return LONGEST
