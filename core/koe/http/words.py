"""Word timings as the user knows the words: those of the text that was sent, not of what was made of it."""

from collections.abc import Iterable, Sequence

from attrs import define, evolve, field, frozen

from koe.alignment import Span
from koe.turns import TurnPlaces
from koe.types import MarkTiming, Turn, WordTiming

_DIGITS = 6
"""Of seconds: finer than a sample."""


@frozen
class OriginalWord:
    """A word of the text that was sent, `text[start_char:end_char]`, and when it is heard.

    `start` and `end` are seconds from the first sample of the answer; offsets count Unicode characters
    (code points) of the whole text.
    """

    text: str
    start: float
    end: float
    start_char: int
    end_char: int


@frozen
class DialogueWord(OriginalWord):
    """A word of a dialogue: `text[turn_start_char:turn_end_char]` of the turn with this number, from 0."""

    turn: int
    turn_start_char: int
    turn_end_char: int


@frozen
class OriginalMark:
    """A named place in the text, when it is reached, and where its markup stands."""

    name: str
    time: float
    start_char: int
    end_char: int


@define
class OriginalWords:
    """Puts the words of one answer back together.

    A word that was rewritten into several spoken ones ("$3.50" into "three dollars fifty"), or cut because it
    was too long for one segment, is one word again. Where segments share it, it is held back until the second
    one is there. Spoken words without any character behind them (a normalizer put them in) count with the
    word that they touch, and are left out where there is none.

    `text` is what the sources point into; where it comes in pieces, set it before the words of a new piece.
    The words of a dialogue, whose `turns` it joins, are `DialogueWord`s.
    """

    text: str
    turns: Sequence[Turn] = field(default=(), kw_only=True)
    _held: WordTiming | None = field(default=None, init=False)
    _places: TurnPlaces = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._places = TurnPlaces.of(self.turns)

    def feed(self, words: Sequence[WordTiming], *, goes_on: bool = False) -> tuple[OriginalWord, ...]:
        """The words that are complete now, in the order in which they are spoken.

        `goes_on`: what is fed next continues the last one (see `SpeechPiece`).
        """
        done: list[OriginalWord] = []
        for word in words:
            if self._held is not None and _continues(self._held.source, word.source):
                self._held = _merged(self._held, word)
            elif len(word.source):
                done += self.rest()
                self._held = word
        if words and not goes_on:
            done += self.rest()
        return tuple(done)

    def rest(self) -> tuple[OriginalWord, ...]:
        """What is held back; nothing more may come for it."""
        held, self._held = self._held, None
        if held is None:
            return ()
        source = held.source
        start, end = round(held.start_s, _DIGITS), round(held.end_s, _DIGITS)
        word = (self._original(source), start, end, source.start, source.end)
        if not self.turns:
            return (OriginalWord(*word),)
        place = self._places.find(source)
        return (DialogueWord(*word, place.turn, place.span.start, place.span.end),)

    def _original(self, source: Span) -> str:
        return self.text[source.start : source.end]


def original_marks(marks: Iterable[MarkTiming]) -> tuple[OriginalMark, ...]:
    """Marks as they are told to clients."""
    return tuple(
        OriginalMark(mark.name, round(mark.time_s, _DIGITS), mark.source.start, mark.source.end)
        for mark in marks
    )


def _continues(source: Span, following: Span) -> bool:
    return source.overlaps(following) if len(following) else source.end == following.start


def _merged(word: WordTiming, following: WordTiming) -> WordTiming:
    source = Span(min(word.source.start, following.source.start), max(word.source.end, following.source.end))
    return evolve(word, end_s=max(word.end_s, following.end_s), source=source)
