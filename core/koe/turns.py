"""Where the words of a dialogue stand: in which turn, and where in its text."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from attrs import frozen

from koe.alignment import Span
from koe.types import Turn


@frozen
class TurnSpan:
    """`span` counts the characters of the text of the turn with this number, from 0."""

    turn: int
    span: Span


@frozen
class TurnPlaces:
    """Maps spans of a dialogue's text, which is its turns' texts joined by line feeds."""

    starts: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, turns: Sequence[Turn]) -> "TurnPlaces":
        lengths = tuple(len(turn.text) for turn in turns)
        starts = accumulate((length + len("\n") for length in lengths[:-1]), initial=0)
        return cls(tuple(starts) if lengths else (), lengths)

    def find(self, span: Span) -> TurnSpan:
        """The turn in which `span` begins, and the part of the span within it."""
        turn = max(0, bisect_right(self.starts, span.start) - 1)
        length = self.lengths[turn]
        within = span.shifted(-self.starts[turn])
        return TurnSpan(turn, Span(min(within.start, length), min(within.end, length)))
