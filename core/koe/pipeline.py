"""The text half of the pipeline: markup, normalize and phonemize, lazily, down to segments for the engine."""

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias, TypeVar

from attrs import evolve, frozen

from koe.clock import StageClock
from koe.engines import OpenEngine
from koe.errors import InvalidRequestError, UnsupportedLanguageError
from koe.guard import guarded
from koe.joins import PARAGRAPH
from koe.pace import Pace
from koe.registry import Owned, Registry
from koe.segmenter import cut_phonemes, cut_text
from koe.settings import PipelineSettings
from koe.stages import MarkupContext, MarkupParser, Normalizer, Phonemizer
from koe.types import Mark, Pause, PhonemeSegment, Prosody, Segment, SpeechRequest, Stage, Utterance

T = TypeVar("T")

Planned: TypeAlias = PhonemeSegment | Pause | Mark
"""What the audio half of the pipeline works through, in order."""


_BLANK_LINE = re.compile(r"[^\S\n]*+\n[^\S\n]*+\n")


@frozen
class Job:
    """One utterance on its way: who speaks it, and the budgets of its segments, which are used up."""

    engine: OpenEngine
    clock: StageClock
    budgets: Iterator[int]


@frozen
class Pipeline:
    """The text stages, in config order. Computes in the caller's thread; safe to share among threads."""

    parsers: dict[str, Owned[MarkupParser]]
    normalizers: tuple[Owned[Normalizer], ...]
    phonemizers: tuple[Owned[Phonemizer], ...]
    settings: PipelineSettings

    @classmethod
    def of(cls, registry: Registry, settings: PipelineSettings) -> "Pipeline":
        return cls(
            dict(registry.markup_parsers),
            tuple(registry.normalizers[name] for name in settings.normalize if name in registry.normalizers),
            tuple(registry.phonemizers[name] for name in settings.phonemize if name in registry.phonemizers),
            settings,
        )

    def check(self, request: SpeechRequest, engine: OpenEngine, language: str) -> None:
        """Refuse what cannot be planned, before any work.

        Raises:
            InvalidRequestError: `markup` names no registered parser.
            UnsupportedLanguageError: neither the engine nor a phonemizer knows `language`.
        """
        if request.markup not in self.parsers:
            raise InvalidRequestError(
                f"Unknown markup {request.markup!r}; enabled are {', '.join(self.parsers) or 'none'}",
                param="markup",
            )
        self._check_language(engine, language)

    def plan(
        self, request: SpeechRequest, context: MarkupContext, job: Job, offset: int = 0
    ) -> Iterator[Planned]:
        """The parts of `request.text`, each made only when it is asked for.

        `offset` is where that text begins in all of the user's text.
        """
        for part in self._parse(request, context, job.clock).parts:
            if isinstance(part, Segment):
                placed = evolve(_with_request(part, request), alignment=part.alignment.shifted(offset))
                yield from self._plan_segment(placed, request.text, offset, job)
            else:
                yield evolve(part, source=part.source.shifted(offset))

    def job(self, engine: OpenEngine, clock: StageClock, pace: Pace) -> Job:
        """What one utterance needs; `pace` says how its segments grow."""
        most = engine.engine.max_phonemes
        limit = self.settings.segment_phonemes if most is None else min(most, self.settings.segment_phonemes)
        return Job(engine, clock, pace.budgets(limit))

    def _parse(self, request: SpeechRequest, context: MarkupContext, clock: StageClock) -> Utterance:
        owned = self.parsers[request.markup]
        with clock.measure(Stage.MARKUP), guarded(Stage.MARKUP, request.markup, owned.plugin):
            return owned.component.parse(request, context)

    def _plan_segment(self, segment: Segment, text: str, offset: int, job: Job) -> Iterator[PhonemeSegment]:
        cut = self._cut_text if job.engine.engine.accepts == "text" else self._phonemize
        for normalized in _timed(self._normalize(segment), job.clock, Stage.NORMALIZE):
            ends_paragraph = _BLANK_LINE.match(text, normalized.source().end - offset) is not None
            for planned, is_last in _with_last(cut(normalized, job)):
                yield evolve(planned, boundary=PARAGRAPH) if is_last and ends_paragraph else planned

    def _cut_text(self, segment: Segment, job: Job) -> Iterator[PhonemeSegment]:
        self._check_language(job.engine, segment.language)
        return cut_text(segment, self.settings.segment_characters)

    def _normalize(self, segment: Segment) -> Iterator[Segment]:
        segments: Iterator[Segment] = iter([segment])
        for owned in self.normalizers:
            segments = _normalized(owned, segments)
        return segments

    def _phonemize(self, segment: Segment, job: Job) -> Iterator[PhonemeSegment]:
        owned = self._phonemizer(segment.language)
        with (
            job.clock.measure(Stage.PHONEMIZE),
            guarded(Stage.PHONEMIZE, owned.component.name, owned.plugin),
        ):
            words = owned.component.phonemize(segment)
        return cut_phonemes(segment, words, job.engine.engine.vocabulary, job.budgets)

    def _check_language(self, engine: OpenEngine, language: str) -> None:
        if engine.engine.accepts == "phonemes":
            self._phonemizer(language)
        elif not engine.engine.speaks(language):
            raise UnsupportedLanguageError(
                f"Engine {engine.name!r} does not speak {language!r}", param="language"
            )

    def _phonemizer(self, language: str) -> Owned[Phonemizer]:
        for owned in self.phonemizers:
            if owned.component.supports(language):
                return owned
        names = ", ".join(owned.component.name for owned in self.phonemizers) or "none"
        raise UnsupportedLanguageError(
            f"No phonemizer supports {language!r} (pipeline.phonemize: {names})", param="language"
        )


def _with_request(segment: Segment, request: SpeechRequest) -> Segment:
    """The segment at the request's speed and volume."""
    prosody = segment.prosody
    return evolve(
        segment,
        prosody=Prosody(
            prosody.rate * request.speed, prosody.volume_db + request.volume_db, prosody.pitch_semitones
        ),
    )


def _applies(normalizer: Normalizer, language: str) -> bool:
    return normalizer.languages is None or language.partition("-")[0].lower() in normalizer.languages


def _normalized(owned: Owned[Normalizer], segments: Iterable[Segment]) -> Iterator[Segment]:
    for segment in segments:
        if not _applies(owned.component, segment.language):
            yield segment
            continue
        with guarded(Stage.NORMALIZE, owned.component.name, owned.plugin):
            yield from owned.component.normalize(segment)


def _with_last(items: Iterator[T]) -> Iterator[tuple[T, bool]]:
    """Each item, and whether it is the last."""
    held = next(items, None)
    while held is not None:
        following = next(items, None)
        yield held, following is None
        held = following


def _timed(items: Iterator[T], clock: StageClock, stage: Stage) -> Iterator[T]:
    while True:
        with clock.measure(stage):
            item = next(items, None)
        if item is None:
            return
        yield item
