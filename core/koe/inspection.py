"""What the text stages make of a text, step by step, without speaking it."""

from collections.abc import Iterator, Sequence
from typing import Literal

from attrs import field, frozen

from koe.alignment import Span
from koe.errors import TextTooLongError
from koe.notes import collected_notes
from koe.pipeline import Job, Pipeline, applies, normalized
from koe.stages import MarkupContext
from koe.types import Clip, Mark, Pause, Segment, SpeechRequest, Stage, UtterancePart

MAX_CHARACTERS = 5_000


@frozen
class By:
    """Who did a step: a component and the plugin that registered it."""

    stage: Stage
    component: str
    plugin: str


LEXICON = By(Stage.NORMALIZE, "lexicon", "koe")
"""The step that no plugin brings: the words of `[lexicon]` and of the request."""


@frozen
class Source:
    """The user's characters behind something: `text` is `[start, end)` of what was sent."""

    start: int
    end: int
    text: str


@frozen
class InspectedText:
    """A text after a step."""

    text: str
    source: Source


@frozen
class InspectedGiven:
    """A word whose phonemes are given, by the markup or by a normalizer."""

    text: str
    phonemes: str
    source: Source


@frozen
class InspectedEntry:
    """A word that a lexicon knows.

    Attributes:
        text: as it was written.
        word: as the lexicon has it.
        heard: its phonemes, or for an engine that reads text other letters; None where the engine cannot be
            told, and the word stays as it is.
        origin: where the entry stands: a file and its line, a key of the config, or the request.
    """

    text: str
    word: str
    heard: str | None
    origin: str
    source: Source


@frozen
class InspectedInsert:
    """What a normalizer put between texts that is none: a pause, a mark or a clip (recorded audio)."""

    kind: Literal["pause", "mark", "clip"]
    source: Source
    seconds: float | None = None
    name: str | None = None


@frozen
class InspectedStep:
    """What a normalizer, or the lexicon before all of them, made of a part.

    `applied`: whether it is for the part's language and text. `notes`: what it has to say about it, such as
    what it left as written because it failed. `entries`: what the lexicon found. `inserted`: what stands
    between the texts by now.
    """

    by: By
    applied: bool
    texts: tuple[InspectedText, ...]
    given: tuple[InspectedGiven, ...] = ()
    notes: tuple[str, ...] = ()
    entries: tuple[InspectedEntry, ...] = ()
    inserted: tuple[InspectedInsert, ...] = ()


@frozen
class InspectedWord:
    """A word with the phonemes that the engine gets, and what follows it."""

    text: str
    phonemes: str
    tail: str
    source: Source


@frozen
class InspectedSegment:
    """One inference.

    Attributes:
        by: who made its phonemes; None where the engine reads the text, or the phonemes were given.
        symbols: phoneme symbols, of which each is one of the model's tokens; of an engine that accepts
            text, characters.
        limit: the most of them in one segment.
        boundary: the punctuation mark it ends with, or `paragraph`; empty where it was cut between words.
        unknown_symbols: what the engine cannot speak and leaves out.
    """

    text: str
    phonemes: str
    source: Source
    by: By | None
    symbols: int
    limit: int
    boundary: str
    unknown_symbols: tuple[str, ...]
    words: tuple[InspectedWord, ...]


@frozen
class InspectedPart:
    """A part of the parsed markup. What belongs to segments alone is empty for the others.

    `seconds` is the length of a pause or a clip (recorded audio), `name` that of a mark.
    """

    kind: Literal["segment", "pause", "mark", "clip"]
    source: Source
    seconds: float | None = None
    name: str | None = None
    text: str = ""
    voice: str = ""
    language: str = ""
    rate: float = 1.0
    volume_db: float = 0.0
    pitch_semitones: float = 0.0
    given: tuple[InspectedGiven, ...] = ()
    steps: tuple[InspectedStep, ...] = ()
    segments: tuple[InspectedSegment, ...] = ()


@frozen
class Inspection:
    """Every step from a text to what the engine gets. Offsets count the characters of `text`.

    `accepts` says what the engine reads; `ignored` names what the markup asks for and it cannot do.
    """

    text: str
    markup: By
    engine: str
    plugin: str
    accepts: Literal["phonemes", "text"]
    voice: str
    language: str
    parts: tuple[InspectedPart, ...]
    ignored: tuple[str, ...] = ()


def check_length(text: str) -> None:
    """Raises `TextTooLongError`: inspecting is not admitted, so it has to stay small."""
    if len(text) > MAX_CHARACTERS:
        raise TextTooLongError(
            f"The text has {len(text)} characters; at most {MAX_CHARACTERS} are inspected at once. "
            f"Send it in parts",
            param="input",
        )


@frozen
class Inspector:
    """Takes the way of a request through `pipeline`, and writes down what it meets."""

    pipeline: Pipeline
    request: SpeechRequest
    context: MarkupContext
    job: Job = field(repr=False)

    def inspect(self) -> Inspection:
        """Runs markup parser, normalizers and phonemizers; blocks meanwhile."""
        parser = self.pipeline.parsers[self.request.markup]
        utterance = self.pipeline.parse(self.request, self.context, self.job)
        parts = tuple(self._part(part) for part in utterance.parts)
        opened = self.job.engine
        return Inspection(
            text=self.request.text,
            markup=By(Stage.MARKUP, parser.component.name, parser.plugin),
            engine=opened.name,
            plugin=opened.plugin,
            accepts=opened.engine.accepts,
            voice=str(self.context.voice),
            language=self.context.language,
            parts=parts,
            ignored=tuple(sorted(self.job.ignored)),
        )

    def _part(self, part: UtterancePart) -> InspectedPart:
        if not isinstance(part, Segment):
            insert = self._insert(part)
            volume_db = part.volume_db if isinstance(part, Clip) else 0.0
            return InspectedPart(insert.kind, insert.source, insert.seconds, insert.name, volume_db=volume_db)
        steps, segments = self._normalized(part)
        return InspectedPart(
            kind="segment",
            source=self._source(part.source()),
            text=part.text,
            voice=str(part.voice),
            language=part.language,
            rate=part.prosody.rate,
            volume_db=part.prosody.volume_db,
            pitch_semitones=part.prosody.pitch_semitones,
            given=self._given([part]),
            steps=steps,
            segments=tuple(made for segment in segments for made in self._segments(segment)),
        )

    def _insert(self, part: Pause | Mark | Clip) -> InspectedInsert:
        source = self._source(part.source)
        if isinstance(part, Pause):
            return InspectedInsert("pause", source, part.seconds)
        if isinstance(part, Mark):
            return InspectedInsert("mark", source, name=part.name)
        return InspectedInsert("clip", source, part.chunk.seconds)

    def _normalized(self, part: Segment) -> tuple[tuple[InspectedStep, ...], Sequence[Segment]]:
        looked_up, step = self._looked_up(part)
        steps = [] if step is None else [step]
        parts: Sequence[UtterancePart] = [looked_up]
        segments: Sequence[Segment] = [looked_up]
        for owned in self.pipeline.normalizers:
            applied = any(applies(owned.component, segment) for segment in segments)
            with collected_notes() as notes:
                parts = list(normalized(owned, parts))
            segments = [one for one in parts if isinstance(one, Segment)]
            texts = tuple(InspectedText(one.text, self._source(one.source())) for one in segments)
            inserted = tuple(self._insert(one) for one in parts if not isinstance(one, Segment))
            by = By(Stage.NORMALIZE, owned.component.name, owned.plugin)
            given = self._given(segments)
            steps.append(InspectedStep(by, applied, texts, given, tuple(notes), inserted=inserted))
        return tuple(steps), segments

    def _looked_up(self, part: Segment) -> tuple[Segment, InspectedStep | None]:
        """The part after the lexicon, and that step; None where there is no lexicon."""
        if not (self.job.lexicon or self.pipeline.lexicons.current()):
            return part, None
        looked_up, found = self.pipeline.look_up(part, self.job)
        entries = tuple(
            InspectedEntry(
                part.text[one.hit.span.start : one.hit.span.end],
                one.hit.entry.word,
                one.heard,
                one.hit.origin.shown,
                self._source(one.source),
            )
            for one in found
        )
        texts = (InspectedText(looked_up.text, self._source(looked_up.source())),)
        given = self._given([looked_up])
        return looked_up, InspectedStep(LEXICON, not part.wholly_given, texts, given, entries=entries)

    def _segments(self, segment: Segment) -> Iterator[InspectedSegment]:
        reads_text = self.job.engine.engine.accepts == "text"
        pipeline, engine = self.pipeline, self.job.engine
        limit = pipeline.settings.segment_characters if reads_text else pipeline.segment_phonemes(engine)
        for made in pipeline.cut(segment, self.request.text, self.job):
            yield InspectedSegment(
                text=made.text,
                phonemes=made.phonemes,
                source=self._source(made.source),
                by=None if reads_text or segment.wholly_given else self._phonemizer(segment.language),
                symbols=len(made.text if reads_text else made.phonemes),
                limit=limit,
                boundary=made.boundary,
                unknown_symbols=made.unknown_symbols,
                words=tuple(
                    InspectedWord(word.text, word.phonemes, word.tail, self._source(word.source))
                    for word in made.words
                ),
            )

    def _phonemizer(self, language: str) -> By:
        owned = self.pipeline.phonemizer(language)
        return By(Stage.PHONEMIZE, owned.component.name, owned.plugin)

    def _given(self, segments: Sequence[Segment]) -> tuple[InspectedGiven, ...]:
        return tuple(
            InspectedGiven(
                segment.text[given.span.start : given.span.end],
                given.phonemes,
                self._source(segment.source(given.span.start, given.span.end)),
            )
            for segment in segments
            for given in segment.given
        )

    def _source(self, span: Span) -> Source:
        return Source(span.start, span.end, self.request.text[span.start : span.end])
