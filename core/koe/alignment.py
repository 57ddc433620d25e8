"""Where rewritten text came from: offsets that survive every rewrite."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from attrs import evolve, field, frozen


@frozen
class Span:
    """Half-open range of characters `[start, end)`."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def shifted(self, offset: int) -> "Span":
        return Span(self.start + offset, self.end + offset)

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@frozen
class Run:
    """`length` characters of the present text that came from `source`.

    A *verbatim* run maps character by character (`length == len(source)`); any other is a rewrite whose
    characters all map to the whole of `source`.
    """

    length: int
    source: Span
    verbatim: bool


@frozen
class Alignment:
    """Maps offsets of a text to offsets of the text that the user sent."""

    runs: tuple[Run, ...]
    _ends: tuple[int, ...] = field(init=False, eq=False, repr=False)

    @_ends.default
    def _accumulated(self) -> tuple[int, ...]:
        return tuple(accumulate(run.length for run in self.runs))

    @classmethod
    def verbatim(cls, length: int, source_start: int = 0) -> "Alignment":
        """The alignment of a text that has not been touched yet."""
        return cls((Run(length, Span(source_start, source_start + length), verbatim=True),))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def source(self, start: int, end: int) -> Span:
        """The smallest source span that covers `[start, end)` of the present text."""
        touched = [span for span, _ in self._cut(start, max(end, start + 1))]
        if not touched:
            last = self.runs[-1].source.end if self.runs else 0
            return Span(last, last)
        if end == start:
            return Span(touched[0].start, touched[0].start)
        return Span(min(span.start for span in touched), max(span.end for span in touched))

    def slice(self, start: int, end: int) -> "Alignment":
        """The alignment of `text[start:end]`."""
        return Alignment(tuple(run for _, run in self._cut(start, end)))

    def shifted(self, offset: int) -> "Alignment":
        """The alignment where the user's text begins `offset` characters later."""
        return Alignment(tuple(evolve(run, source=run.source.shifted(offset)) for run in self.runs))

    def replace(self, start: int, end: int, length: int) -> "Alignment":
        """The alignment after `text[start:end]` became `length` other characters."""
        middle = (Run(length, self.source(start, end), verbatim=False),) if length else ()
        return Alignment((*self.slice(0, start).runs, *middle, *self.slice(end, len(self)).runs))

    def _cut(self, start: int, end: int) -> Iterator[tuple[Span, Run]]:
        for index in range(bisect_right(self._ends, start), len(self.runs)):
            run, right = self.runs[index], self._ends[index]
            left = right - run.length
            low, high = max(left, start), min(right, end)
            if left >= end:
                return
            if low >= high:
                continue
            source = run.source
            if run.verbatim:
                source = Span(source.start + low - left, source.start + high - left)
            yield source, Run(high - low, source, run.verbatim)
