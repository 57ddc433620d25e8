"""Rewrites of a segment's text, many at once, in one pass and with their way back to the user's text."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from attrs import evolve, frozen

from koe.alignment import Alignment, Run, Span
from koe.types import GivenPhonemes, Segment

CLOSED = "\ue000"
"""Stands for a closed character in `Draft.open_text`; a private-use character that no rule matches."""

_FIRST_CJK = "\u2e80"


@frozen
class Edit:
    """`text[start:end]` becomes `text`; with None it stays as written, and later passes leave it alone."""

    start: int
    end: int
    text: str | None


@frozen
class Draft:
    """A segment on its way through the passes.

    `closed` are the spans that are done: spoken already, or phonemes that the user gave. They are in order
    and do not overlap.
    """

    segment: Segment
    closed: tuple[Span, ...]

    @classmethod
    def of(cls, segment: Segment) -> "Draft":
        return cls(segment, tuple(given.span for given in segment.given))

    @property
    def text(self) -> str:
        return self.segment.text

    @property
    def open_text(self) -> str:
        """The text, as long as it is, with `CLOSED` in the place of every closed character."""
        return masked(self.text, self.closed)

    def edited(self, edits: Iterable[Edit]) -> "Draft":
        """The draft after `edits`; those that touch a closed span or one another are left out.

        Where a rewrite would stick to a letter or digit beside it, a space is put between.
        """
        chosen = _without_overlaps(edits, self.closed)
        if not chosen:
            return self
        return _Rewriter(self.segment, self.closed).rewrite(chosen)


def rewritten(segment: Segment, edits: Iterable[Edit]) -> Segment:
    """The segment after `edits`, as they are, without any space added."""
    chosen = _without_overlaps(edits, tuple(given.span for given in segment.given))
    return _joined(segment, chosen) if chosen else segment


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with `CLOSED` in the place of every character in `spans`, which are in order."""
    parts, position = [], 0
    for span in spans:
        parts += [text[position : span.start], CLOSED * len(span)]
        position = span.end
    return "".join([*parts, text[position:]])


class _Rewriter:
    def __init__(self, segment: Segment, closed: Sequence[Span]) -> None:
        self._segment = segment
        self._closed = closed

    def rewrite(self, edits: Sequence[Edit]) -> Draft:
        spaced = [self._spaced(edit) for edit in edits]
        segment = _joined(self._segment, [edit for edit in spaced if edit.text is not None])
        return Draft(segment, tuple(self._moved(spaced)))

    def _spaced(self, edit: Edit) -> Edit:
        text = self._segment.text
        if not edit.text:
            return edit
        before, after = text[edit.start - 1 : edit.start], text[edit.end : edit.end + 1]
        left = " " if _sticks(before, edit.text[0]) else ""
        right = " " if _sticks(edit.text[-1], after) else ""
        return evolve(edit, text=left + edit.text + right)

    def _moved(self, edits: Sequence[Edit]) -> Iterable[Span]:
        """The closed spans where they are now, together with those that `edits` close."""
        both: list[Span | Edit] = sorted([*self._closed, *edits], key=lambda one: one.start)
        shift = 0
        for one in both:
            start = one.start + shift
            if isinstance(one, Edit) and one.text is not None:
                shift += len(one.text) - (one.end - one.start)
            if start < one.end + shift:
                yield Span(start, one.end + shift)


def _sticks(left: str, right: str) -> bool:
    """Whether two characters would make one word; Chinese and Japanese have no spaces."""
    return left.isalnum() and right.isalnum() and max(left, right) < _FIRST_CJK


def _without_overlaps(edits: Iterable[Edit], closed: Sequence[Span]) -> list[Edit]:
    """The edits in order, without those that touch `closed` or an edit that begins before them."""
    chosen: list[Edit] = []
    ends = [span.end for span in closed]
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        following = bisect_left(ends, edit.start + 1)
        if following < len(closed) and closed[following].start < max(edit.end, edit.start + 1):
            continue
        if not chosen or chosen[-1].end <= edit.start:
            chosen.append(edit)
    return chosen


def _joined(segment: Segment, edits: Sequence[Edit]) -> Segment:
    """One pass over the text: what `Segment.replace` for each edit would make, in linear time."""
    texts: list[str] = []
    runs: list[Run] = []
    given: list[GivenPhonemes] = []
    position = shift = 0
    rest = iter(segment.given)
    following = next(rest, None)
    for edit in [*edits, Edit(len(segment.text), len(segment.text), "")]:
        texts.append(segment.text[position : edit.start])
        runs += segment.alignment.slice(position, edit.start).runs
        while following is not None and following.span.end <= edit.start:
            given.append(GivenPhonemes(following.span.shifted(shift), following.phonemes))
            following = next(rest, None)
        if edit.text:
            texts.append(edit.text)
            runs.append(Run(len(edit.text), segment.source(edit.start, edit.end), verbatim=False))
        shift += len(edit.text or "") - (edit.end - edit.start)
        position = edit.end
    return evolve(segment, text="".join(texts), alignment=Alignment(tuple(runs)), given=tuple(given))
