"""The text half of the pipeline: markup, normalize and phonemize, lazily, down to segments for the engine."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import TypeAlias, TypeVar

from attrs import evolve, field, frozen

from koe.clock import StageClock
from koe.engines import OpenEngine
from koe.errors import InvalidRequestError, UnsupportedLanguageError
from koe.guard import guarded
from koe.joins import PARAGRAPH
from koe.lexicon.checks import mistakes, tagged
from koe.lexicon.matching import Held, Lexicon
from koe.lexicon.step import Pronounced, Reading, pronounced
from koe.lexicon.store import Lexicons
from koe.pace import Pace
from koe.phoneme_markup import given_words
from koe.places import excerpt, place
from koe.registry import Owned, Registry
from koe.segmenter import cut_phonemes, cut_text
from koe.settings import LexiconSettings, PipelineSettings
from koe.stages import MarkupContext, MarkupParser, Normalizer, Phonemizer
from koe.types import (
    Clip,
    Mark,
    Pause,
    PhonemeSegment,
    PhonemeWord,
    Prosody,
    Segment,
    SpeechRequest,
    Stage,
    Utterance,
    UtterancePart,
    VoiceMix,
)

T = TypeVar("T")

Planned: TypeAlias = PhonemeSegment | Pause | Mark | Clip
"""What the audio half of the pipeline works through, in order."""


MOST_RESPELLINGS = 2_048
"""Of which the phonemes are kept."""
_BLANK_LINE = re.compile(r"[^\S\n]*+\n[^\S\n]*+\n")


@frozen
class Job:
    """One utterance on its way: who speaks it, and the budgets of its segments, which are used up.

    `ignored` takes the names of what its markup asks for and the engine cannot do, and `lexicon` where it
    cannot be told how a word is spoken. `lexicon` is the request's own, made when it is first asked for.
    """

    engine: OpenEngine
    clock: StageClock
    budgets: Iterator[int]
    ignored: set[str] = field(factory=set)
    lexicon: Callable[[], Lexicon] | None = None


@frozen
class Pipeline:
    """The text stages, in config order. Computes in the caller's thread; safe to share among threads."""

    parsers: dict[str, Owned[MarkupParser]]
    normalizers: tuple[Owned[Normalizer], ...]
    phonemizers: tuple[Owned[Phonemizer], ...]
    settings: PipelineSettings
    lexicons: Lexicons
    _respelled: Callable[[str, str], str] = field(init=False, eq=False, repr=False)

    @_respelled.default
    def _cached(self) -> Callable[[str, str], str]:
        return lru_cache(maxsize=MOST_RESPELLINGS)(partial(_phonemes_of, self.phonemizers))

    @classmethod
    def of(
        cls, registry: Registry, settings: PipelineSettings, lexicon: LexiconSettings | None = None
    ) -> "Pipeline":
        """The pipeline of the config. Raises `ConfigError` with all mistakes of the lexicon."""
        names = [name for name in settings.phonemize if name in registry.phonemizers]
        phonemizers = tuple(registry.phonemizers[name] for name in names)
        _tell_fallbacks(phonemizers)
        return cls(
            dict(registry.markup_parsers),
            tuple(registry.normalizers[name] for name in settings.normalize if name in registry.normalizers),
            phonemizers,
            settings,
            Lexicons.of(LexiconSettings() if lexicon is None else lexicon),
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
        if self.parsers[request.markup].component.gives_phonemes:
            _check_speaks_phonemes(engine)
        else:
            self._check_language(engine, language)

    def plan(
        self, request: SpeechRequest, context: MarkupContext, job: Job, offset: int = 0
    ) -> Iterator[Planned]:
        """The parts of `request.text`, each made only when it is asked for.

        `offset` is where that text begins in all of the user's text.
        """
        utterance = self.parse(request, context, job, offset)
        yield from self.plan_parts(self.pronounced(utterance, job), request.text, job, offset)

    def parse(self, request: SpeechRequest, context: MarkupContext, job: Job, offset: int = 0) -> Utterance:
        """What the markup says, at the request's speed and volume, with source spans from `offset` on.

        Raises:
            InvalidRequestError: a mistake in the markup, such as a language that nobody here knows or
                phonemes that the engine does not have.
        """
        owned = self.parsers[request.markup]
        with (
            job.clock.measure(Stage.MARKUP, owned.plugin),
            guarded(Stage.MARKUP, owned.component.name, owned.plugin),
        ):
            utterance = owned.component.parse(request, context)
        parsed = utterance.parts
        job.ignored.update(utterance.ignored)
        languages = {part.language for part in parsed if isinstance(part, Segment) and not part.wholly_given}
        for language in languages:
            self._check_language(job.engine, language)
        return Utterance(tuple(_placed(part, request, job, offset) for part in parsed))

    def pronounced(self, utterance: Utterance, job: Job) -> Utterance:
        """The utterance with the words that lexicons know protected from the normalizers.

        All of it at once: what cannot be told to the engine is known before anything sounds.
        """
        parts = (
            self.look_up(part, job)[0] if isinstance(part, Segment) else part for part in utterance.parts
        )
        return Utterance(tuple(parts))

    def look_up(self, segment: Segment, job: Job) -> tuple[Segment, tuple[Pronounced, ...]]:
        """The segment with the words of all lexicons, and which they are."""
        engine = job.engine.engine
        reading = Reading(
            engine.accepts == "text", engine.vocabulary, self._respelled, partial(tagged, self.phonemizers)
        )
        found: tuple[Pronounced, ...] = ()
        with job.clock.measure(Stage.NORMALIZE):
            own = (job.lexicon(),) if job.lexicon is not None else ()
            for lexicon in (*own, self.lexicons.current()):
                segment, more = pronounced(segment, lexicon, reading)
                found += more
        if any(one.heard is None for one in found):
            job.ignored.add("lexicon")
        return segment, found

    def lexicon_mistakes(self, held: Iterable[Held], engines: Iterable[OpenEngine]) -> list[str]:
        """What is wrong with entries for these engines and this pipeline's phonemizers."""
        vocabularies: Mapping[str, frozenset[str]] = {
            one.name: one.engine.vocabulary
            for one in engines
            if one.engine.accepts == "phonemes" and one.engine.vocabulary is not None
        }
        return mistakes(held, self.phonemizers, vocabularies)

    def plan_parts(self, utterance: Utterance, text: str, job: Job, offset: int = 0) -> Iterator[Planned]:
        """What `parse` and `pronounced` made of `text`, down to segments for the engine."""
        for part in utterance.parts:
            if isinstance(part, Segment):
                for made in _timed(self._normalize(part, job.clock), job.clock, Stage.NORMALIZE):
                    if isinstance(made, Segment):
                        yield from self.cut(made, text, job, offset)
                    else:
                        yield made
            else:
                yield part

    def job(
        self,
        engine: OpenEngine,
        clock: StageClock,
        pace: Pace,
        ignored: set[str] | None = None,
        lexicon: Callable[[], Lexicon] | None = None,
    ) -> Job:
        """What one utterance needs; `pace` says how its segments grow, `lexicon` is the request's own."""
        budgets = pace.budgets(self.segment_phonemes(engine))
        return Job(engine, clock, budgets, set() if ignored is None else ignored, lexicon)

    def segment_phonemes(self, engine: OpenEngine) -> int:
        """The most phoneme symbols in one segment for `engine`."""
        most = engine.engine.max_phonemes
        return self.settings.segment_phonemes if most is None else min(most, self.settings.segment_phonemes)

    def cut(self, segment: Segment, text: str, job: Job, offset: int = 0) -> Iterator[PhonemeSegment]:
        """A normalized segment of `text`, cut to what the engine takes at once."""
        if _BLANK_LINE.match(text, segment.source().end - offset) is None:
            yield from self._cut(segment, job)
            return
        for planned, is_last in _with_last(self._cut(segment, job)):
            yield evolve(planned, boundary=PARAGRAPH) if is_last else planned

    def words(self, segment: Segment, job: Job) -> Sequence[PhonemeWord]:
        """The words of a normalized segment, before it is cut."""
        if segment.wholly_given:
            return given_words(segment)
        owned = self.phonemizer(segment.language)
        with (
            job.clock.measure(Stage.PHONEMIZE, owned.plugin),
            guarded(Stage.PHONEMIZE, owned.component.name, owned.plugin),
        ):
            return owned.component.phonemize(segment)

    def acquaint(self) -> None:
        """Let each phonemizer find out what it supports, which may take a while.

        Later it is asked on the event loop, by `check`. Raises what it raises then.
        """
        for owned in self.phonemizers:
            owned.component.supports("en")

    def phonemizer(self, language: str) -> Owned[Phonemizer]:
        """The first phonemizer that supports `language`. Raises `UnsupportedLanguageError`."""
        return _supporting(self.phonemizers, language)

    def _cut(self, segment: Segment, job: Job) -> Iterator[PhonemeSegment]:
        if job.engine.engine.accepts == "text":
            self._check_language(job.engine, segment.language)
            return cut_text(segment, self.settings.segment_characters)
        vocabulary = job.engine.engine.vocabulary
        limit = self.segment_phonemes(job.engine)
        return cut_phonemes(segment, self.words(segment, job), vocabulary, job.budgets, limit)

    def _normalize(self, segment: Segment, clock: StageClock) -> Iterator[UtterancePart]:
        parts: Iterator[UtterancePart] = iter([segment])
        followers = [*(owned.plugin for owned in self.normalizers[1:]), ""]
        for owned, follower in zip(self.normalizers, followers, strict=False):
            parts = _plugin_timed(normalized(owned, parts), clock, owned.plugin, follower)
        return parts

    def speaks(self, engine: OpenEngine, language: str) -> bool:
        """Whether `engine`, or a phonemizer for it, knows the BCP 47 tag `language`."""
        try:
            self._check_language(engine, language)
        except UnsupportedLanguageError:
            return False
        return True

    def _check_language(self, engine: OpenEngine, language: str) -> None:
        if engine.engine.accepts == "phonemes":
            self.phonemizer(language)
        elif not engine.engine.speaks(language):
            raise UnsupportedLanguageError(
                f"Engine {engine.name!r} does not speak {language!r}", param="language"
            )


def _supporting(phonemizers: Sequence[Owned[Phonemizer]], language: str) -> Owned[Phonemizer]:
    for owned in phonemizers:
        if owned.component.supports(language):
            return owned
    names = ", ".join(owned.component.name for owned in phonemizers) or "none"
    raise UnsupportedLanguageError(
        f"No phonemizer supports {language!r} (pipeline.phonemize: {names})", param="language"
    )


def _phonemes_of(phonemizers: Sequence[Owned[Phonemizer]], text: str, language: str) -> str:
    """What a text sounds like on its own, as it stands; empty where it has no sound."""
    owned = _supporting(phonemizers, language)
    with guarded(Stage.PHONEMIZE, owned.component.name, owned.plugin):
        words = owned.component.phonemize(Segment(text, VoiceMix(()), language))
    sounds = any(word.phonemes for word in words)
    return "".join(word.phonemes + word.tail for word in words).strip() if sounds else ""


def applies(normalizer: Normalizer, segment: Segment) -> bool:
    """Whether the normalizer is for the segment's language, and the segment holds anything to normalize."""
    if segment.wholly_given:
        return False
    return normalizer.languages is None or segment.language.partition("-")[0].lower() in normalizer.languages


def normalized(owned: Owned[Normalizer], parts: Iterable[UtterancePart]) -> Iterator[UtterancePart]:
    """What one normalizer makes of `parts`; those that it is not for stay as they are."""
    for part in parts:
        if not isinstance(part, Segment) or not applies(owned.component, part):
            yield part
            continue
        with guarded(Stage.NORMALIZE, owned.component.name, owned.plugin):
            yield from owned.component.normalize(part)


def _tell_fallbacks(phonemizers: Sequence[Owned[Phonemizer]]) -> None:
    """Tell each phonemizer which ones stand behind it."""
    for index, owned in enumerate(phonemizers):
        with guarded(Stage.PHONEMIZE, owned.component.name, owned.plugin):
            owned.component.use_fallbacks([behind.component for behind in phonemizers[index + 1 :]])


def _placed(part: UtterancePart, request: SpeechRequest, job: Job, offset: int) -> UtterancePart:
    """The part in its place in all of the user's text, as the job's engine can speak it."""
    if isinstance(part, Clip):
        part = evolve(part, volume_db=part.volume_db + request.volume_db)
    if not isinstance(part, Segment):
        return evolve(part, source=part.source.shifted(offset))
    if part.given and job.engine.engine.accepts == "text":
        job.ignored.add("phonemes")
        part = evolve(part, given=())
    _check_given(part, request.text, job.engine)
    return evolve(_with_request(part, request), alignment=part.alignment.shifted(offset))


def _check_given(segment: Segment, text: str, engine: OpenEngine) -> None:
    """Refuse symbols that the engine does not have: whoever writes phonemes wants to hear them."""
    known = engine.engine.vocabulary
    if known is None:
        return
    for given in segment.given:
        unknown = [symbol for symbol in given.phonemes if symbol not in known and not symbol.isspace()]
        if unknown:
            start = segment.source(given.span.start, given.span.end).start
            if segment.text == given.phonemes:
                start += given.phonemes.index(unknown[0])
            named = ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in sorted(set(unknown)))
            raise InvalidRequestError(
                f"{place(text, start)}: {excerpt(text, start)}: engine {engine.name!r} has no phoneme symbol "
                f"{named}. It has {''.join(sorted(known)).strip()}",
                param="input",
            )


def _check_speaks_phonemes(engine: OpenEngine) -> None:
    if engine.engine.accepts == "text":
        raise InvalidRequestError(
            f"Engine {engine.name!r} reads text and cannot speak phonemes. Send a `model` whose engine can, "
            f"such as 'kokoro'; an operator loads it with `koe model download`",
            param="model",
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


def _plugin_timed(items: Iterator[T], clock: StageClock, plugin: str, follower: str) -> Iterator[T]:
    """Count the time for each item towards `plugin`, and not towards the one that waits for it."""
    while True:
        began = time.perf_counter()
        item = next(items, None)
        seconds = time.perf_counter() - began
        clock.add_plugin(plugin, Stage.NORMALIZE, seconds)
        if follower:
            clock.add_plugin(follower, Stage.NORMALIZE, -seconds)
        if item is None:
            return
        yield item
