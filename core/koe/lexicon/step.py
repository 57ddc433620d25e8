"""The step between markup and normalizers: words of lexicons get their sounds, and are left alone then."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import define, evolve, field, frozen

from koe.alignment import Alignment, Run, Span
from koe.lexicon.matching import Hit, Lexicon
from koe.lexicon.phonemes import engine_symbols
from koe.text import sentence_ends
from koe.types import GivenPhonemes, Segment

_LONGEST_SENTENCE = 1_000


@frozen
class Reading:
    """How an engine is told.

    Attributes:
        reads_text: whether it is told other letters instead of phonemes.
        vocabulary: the phoneme symbols that it has; None for all of IPA.
        phonemes_of: the phonemes of other letters in a language; empty where there are none.
        tags: the parts of speech of a segment's words.
    """

    reads_text: bool
    vocabulary: frozenset[str] | None
    phonemes_of: Callable[[str, str], str]
    tags: Callable[[Segment], Sequence[tuple[Span, str]] | None]


@frozen
class Pronounced:
    """A word that was found, and how it is spoken: `heard` is phonemes or other letters.

    `heard` is None where the engine cannot be told: the word stays as it is written. `span` is in the text
    in which it was found.
    """

    hit: Hit
    heard: str | None
    source: Span


def pronounced(
    segment: Segment, lexicon: Lexicon, reading: Reading
) -> tuple[Segment, tuple[Pronounced, ...]]:
    """The segment with the words of `lexicon` protected, and which they are.

    Words with given phonemes stay as they are. Engines that read text get other letters, whose
    `GivenPhonemes` are empty: nothing but a protection.
    """
    if not lexicon or segment.wholly_given:
        return segment, ()
    tags = _Tags(segment, reading.tags)
    hits = lexicon.find(segment.text, segment.language, segment.protects, tags.of)
    made = tuple(
        Pronounced(hit, _heard(hit, segment.language, reading), segment.source(hit.span.start, hit.span.end))
        for hit in hits
    )
    usable = [one for one in made if one.heard is not None]
    return (_with(segment, usable, reading) if usable else segment), made


def _heard(hit: Hit, language: str, reading: Reading) -> str | None:
    if reading.reads_text:
        return hit.say or None
    symbols = engine_symbols(hit.ipa, language, reading.vocabulary) if hit.ipa else None
    if symbols is None and hit.say:
        symbols = reading.phonemes_of(hit.say, language)
    return symbols or None


def _with(segment: Segment, made: Iterable[Pronounced], reading: Reading) -> Segment:
    if not reading.reads_text:
        given = (GivenPhonemes(one.hit.span, one.heard or "") for one in made)
        return evolve(segment, given=(*segment.given, *given))
    return _rewritten(segment, [(one.hit.span, one.heard or "") for one in made])


def _rewritten(segment: Segment, changes: Sequence[tuple[Span, str]]) -> Segment:
    """All changes in one pass: what `Segment.replace` would make of each, in linear time."""
    texts: list[str] = []
    runs: list[Run] = []
    given: list[GivenPhonemes] = []
    rest = iter(segment.given)
    following = next(rest, None)
    position = length = 0
    for span, text in [*changes, (Span(len(segment.text), len(segment.text)), "")]:
        shift = length - position
        while following is not None and following.span.end <= span.start:
            given.append(GivenPhonemes(following.span.shifted(shift), following.phonemes))
            following = next(rest, None)
        texts += [segment.text[position : span.start], text]
        runs += segment.alignment.slice(position, span.start).runs
        length += span.start - position
        if text:
            runs.append(Run(len(text), segment.source(span.start, span.end), verbatim=False))
            given.append(GivenPhonemes(Span(length, length + len(text)), ""))
        length, position = length + len(text), span.end
    return evolve(segment, text="".join(texts), alignment=Alignment(tuple(runs)), given=tuple(given))


@define
class _Tags:
    """The parts of speech around the words that are asked for, in their order; a sentence at a time."""

    _segment: Segment
    _tags: Callable[[Segment], Sequence[tuple[Span, str]] | None]
    _ends: Iterator[int] = field(init=False)
    _start: int = field(default=0, init=False)
    _end: int = field(default=0, init=False)
    _known: Sequence[tuple[Span, str]] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._ends = _sentences(self._segment.text)

    def of(self, span: Span) -> str:
        while self._end <= span.start:
            self._start, self._end = self._end, next(self._ends)
            self._known = None
        if self._known is None:
            sentence = self._segment.slice(self._start, self._end)
            self._known = self._tags(sentence) or ()
        wanted = span.shifted(-self._start)
        return next((tag for word, tag in self._known if word.overlaps(wanted)), "")


def _sentences(text: str) -> Iterator[int]:
    """Where sentences end, or what is longer than a sentence should be."""
    start = 0
    for end in (*(end for _, end in sentence_ends(text)), len(text)):
        while end - start > _LONGEST_SENTENCE:
            space = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
            start = space if space > 0 else start + _LONGEST_SENTENCE
            yield start
        start = end
        yield end
