"""The running koe: opens engines, admits requests, drains."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from attrs import define, evolve, field

from koe.admission import Admission, Place
from koe.cache.answers import AnswerCache, KeptAnswer
from koe.cache.segments import SegmentCache
from koe.cache.tiers import Tiers
from koe.cache_report import CacheReport
from koe.clock import StageClock, TimedTexts
from koe.cores import Sharing
from koe.costs import Costs
from koe.engines import EngineSet, OpenEngine
from koe.errors import CancelledByCallerError, ConfigError, KoeError, OverloadedError
from koe.hooks import Outcome, Plugin, RequestFinished, SegmentSynthesized, Server, overrides
from koe.inspection import Inspection, Inspector, check_length
from koe.joins import Joins
from koe.line import Line
from koe.observers import notify
from koe.order import Order
from koe.pace import AUDIBLE_RTF, Pace, measured_rtf
from koe.pipeline import Job, Pipeline
from koe.planner import Planner
from koe.registry import Registry
from koe.requests import Validator, ValidRequest, request_lexicon
from koe.settings import Settings, StreamingSettings
from koe.speech import ActiveSpeech, SpeechThreads
from koe.types import EngineInfo, ModelState, Share, SpeechRequest, Voice
from koe.workers import Threads

log = structlog.get_logger(__name__)

UNCUT = Pace(StreamingSettings(cut="never"))
"""The pace of answers whose first segments are not cut short."""


@define(eq=False)
class Synthesizer(Server):
    """Text in, audio out. Everything but `start` and `stop` may be called once it has started."""

    registry: Registry
    settings: Settings
    admission: Admission = field(init=False)
    order: Order = field(init=False)
    threads: SpeechThreads = field(init=False)
    pipeline: Pipeline = field(init=False)
    planner: Planner = field(init=False)
    cache: SegmentCache | None = field(default=None, init=False)
    kept_answers: AnswerCache | None = field(default=None, init=False)
    engine_set: EngineSet | None = field(default=None, init=False)
    outcomes: Counter[Outcome] = field(factory=Counter, init=False)
    paces: dict[str, Pace] = field(factory=dict, init=False)
    costs: dict[str, Costs] = field(factory=dict, init=False)
    _lifespans: AsyncExitStack = field(factory=AsyncExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        limits = self.settings.limits
        self.admission = Admission(
            limits.max_concurrent, limits.max_queued, limits.queue_timeout_s, limits.max_stalled
        )
        self.pipeline = Pipeline.of(self.registry, self.settings.pipeline, self.settings.lexicon)
        sharing = Sharing.of(self.settings.inference)
        self.order = Order(sharing.places, limits.max_load, sharing=sharing)
        self.threads = SpeechThreads(
            text=Threads("text", 2),
            inference=Threads("inference", sharing.places, self.order),
            audio=Threads("audio", 2),
        )
        self.planner = Planner(self.pipeline, self.threads.text)
        self.order.changed = self.threads.inference.serve
        backends = self.registry.cache_backends
        chosen = [backends[name] for name in self.settings.cache.tiers if name in backends]
        if chosen:
            self.cache = SegmentCache(
                self.settings.cache,
                Tiers.of(chosen, self.settings.cache),
                inference=self.threads.inference,
                order=self.order,
                codec=self.threads.audio,
                trim=self.settings.pauses.trim,
            )
        if backends and self.settings.cache.answers_bytes:
            self.kept_answers = AnswerCache(self.settings.cache, self._revision)

    async def start(self, *, measure: bool = True) -> None:
        """Open the engines, then enter the plugins' lifespans in config order.

        With `measure`, each engine speaks a word or two, which warms it up and tells how long the segments
        of streamed answers may be; and the phonemizers find out which languages they know, meanwhile.

        Raises:
            KoeError: an engine cannot be opened, or the lexicon asks for what it or the phonemizers cannot do
                (`ConfigError`); nothing stays open.
        """
        open_engines = partial(EngineSet.open, self.registry, self.settings)
        try:
            if measure:
                await self._lifespans.enter_async_context(_meanwhile(self.pipeline.acquaint))
            self.engine_set = await self.threads.inference.run(open_engines)
            await self.threads.text.run(partial(self._check_lexicons, self.engine_set))
            if measure and self.settings.streaming.cut != "never":
                await self._measure(self.engine_set)
            if self.cache is not None:
                await self._lifespans.enter_async_context(self.cache)
            if self.registry.cache_backends:
                await self._lifespans.enter_async_context(_meanwhile(self._revision))
            for loaded in self.registry.plugins:
                await self._enter_lifespan(loaded.name, loaded.plugin)
        except BaseException:
            await self.stop()
            raise
        for opened in self.engine_set.engines.values():
            opened.residence.begin()
        log.info("engine_opened", **_described(self.engines()[0]))

    async def stop(self) -> None:
        """Leave the lifespans in reverse order, close the engines, let the threads go."""
        await self._lifespans.aclose()
        if self.engine_set is not None:
            for opened in self.engine_set.engines.values():
                await opened.residence.close()
            await asyncio.get_running_loop().run_in_executor(None, self.engine_set.close)
            self.engine_set = None
        await asyncio.get_running_loop().run_in_executor(None, self.threads.close)

    @asynccontextmanager
    async def speak(
        self, request: SpeechRequest, texts: AsyncIterator[str] | None = None
    ) -> AsyncIterator[ActiveSpeech]:
        clock = StageClock()
        request = request if request.request_id else evolve(request, request_id=uuid.uuid4().hex)
        valid = self._validator().check(request, live=texts is not None)
        texts = None if texts is None else TimedTexts(texts, clock)
        async with AsyncExitStack() as stack:
            clock.passed()
            try:
                admitted = self.admission.admit(request.asker, queue=self._may_queue(request, valid))
                place = await stack.enter_async_context(admitted)
                clock.passed(Share.QUEUE)
            except OverloadedError as error:
                clock.passed(Share.QUEUE)
                self._finished(request, clock, None, error)
                raise
            speech = self._speech(request, texts, valid, clock, place)
            try:
                yield speech
            except BaseException as error:
                self._finished(request, clock, speech, error)
                raise
            self._finished(request, clock, speech, None)

    async def inspect(self, request: SpeechRequest) -> Inspection:
        """What the text stages make of `request`, in a text thread; nothing is spoken.

        Raises:
            InvalidRequestError: as `speak` does, or the text is longer than `inspection.MAX_CHARACTERS`.
        """
        check_length(request.text)
        opened, _, contexts = self._validator().resolve(request)
        job = self.pipeline.job(opened, StageClock(), UNCUT, lexicon=request_lexicon(request))
        return await self.threads.text.run(Inspector(self.pipeline, request, contexts[0], job).inspect)

    def engines(self) -> Sequence[EngineInfo]:
        opened = self._open()
        default = opened.get("")
        others = (one for one in opened.engines.values() if one is not default)
        return [default.engine.info(), *(one.engine.info() for one in others)]

    def voices(self, engine: str = "") -> Sequence[Voice]:
        return self._open().get(engine).engine.voices()

    def model_state(self, engine: str = "") -> ModelState:
        return self._open().get(engine).residence.state

    async def cache_report(self) -> CacheReport:
        report = CacheReport() if self.cache is None else await self.cache.report()
        return report if self.kept_answers is None else evolve(report, answers=self.kept_answers.report())

    async def clear_cache(self) -> None:
        if self.kept_answers is not None:
            self.kept_answers.clear()
        if self.cache is not None:
            await self.cache.clear()

    def answered(self, request: SpeechRequest, kept: KeptAnswer) -> None:
        """Count and tell of a request that was answered with a kept answer, as of any other."""
        event = RequestFinished(
            request_id=request.request_id,
            outcome="completed",
            engine=kept.engine,
            voice=kept.voice,
            format=request.format,
            characters=len(request.text),
            segments=0,
            audio_s=kept.audio_s,
            first_audio_s=0.0,
            total_s=0.0,
            cached=True,
            caller=request.caller,
            client=request.client,
        )
        self.outcomes[event.outcome] += 1
        notify(self.registry.observers, event)

    def open_engine(self, name: str = "") -> OpenEngine:
        """The open engine called `name`, the default one for an empty name (see `EngineSet.get`)."""
        return self._open().get(name)

    def _validator(self) -> Validator:
        return Validator(self._open(), self.pipeline, self.registry.formats, self.settings.limits)

    def _revision(self) -> object:
        """What answers depend on besides their requests and the config, which stays as it is."""
        fingerprints = {name: opened.engine.fingerprint for name, opened in self._open().engines.items()}
        return fingerprints, self.pipeline.lexicons.current()

    def _check_lexicons(self, engine_set: EngineSet) -> None:
        """Check the entries that there are, and from now on those of changed files."""
        check = partial(self.pipeline.lexicon_mistakes, engines=tuple(engine_set.engines.values()))
        problems = check(self.pipeline.lexicons.held)
        if problems:
            raise ConfigError(problems)
        self.pipeline.lexicons.check = check

    async def _measure(self, engine_set: EngineSet) -> None:
        for name, opened in engine_set.engines.items():
            measure = partial(measured_rtf, opened.engine, self.order.places)
            rtf = await self.threads.inference.run(measure)
            self.paces[name] = Pace(self.settings.streaming, rtf)
            if rtf is not None:
                self._costs(name).begin(rtf)

    def _may_queue(self, request: SpeechRequest, valid: ValidRequest) -> bool:
        """Whether it had better wait for a place than be refused: nobody listens, or it is soon made."""
        return not request.played or self._costs(valid.engine.name).rtf < AUDIBLE_RTF

    def _costs(self, engine: str) -> Costs:
        """What is known of the engine's costs so far."""
        return self.costs.setdefault(engine, Costs())

    async def _enter_lifespan(self, name: str, plugin: Plugin) -> None:
        if overrides(plugin, "lifespan"):
            context = plugin.lifespan(server=self)
            await self._lifespans.enter_async_context(_leaving_quietly(name, context))

    def _open(self) -> EngineSet:
        if self.engine_set is None:
            raise RuntimeError("the synthesizer has not been started")
        return self.engine_set

    def _speech(
        self,
        request: SpeechRequest,
        texts: AsyncIterator[str] | None,
        valid: ValidRequest,
        clock: StageClock,
        place: Place,
    ) -> ActiveSpeech:
        processors = self.registry.audio_processors
        chosen = (processors[name] for name in self.settings.pipeline.postprocess if name in processors)
        ignored: set[str] = set()
        return ActiveSpeech(
            request=request,
            open_engine=valid.engine,
            mix=valid.contexts[0].voice,
            plan=lambda early, line: self.planner.plan(
                request, texts, valid, self._job(request, valid, clock, ignored, line if early else None)
            ),
            processors=tuple(chosen),
            owned_format=valid.format,
            threads=self.threads,
            order=self.order,
            costs=self._costs(valid.engine.name),
            joins=Joins(self.settings.pauses),
            clock=clock,
            place=place,
            notify=self._segment_made,
            ignored=ignored,
            cache=self.cache,
            live=texts is not None,
        )

    def _job(
        self,
        request: SpeechRequest,
        valid: ValidRequest,
        clock: StageClock,
        ignored: set[str],
        line: Line | None,
    ) -> Job:
        """What the request's text stages need. `line` says how much time segments may take."""
        pace = UNCUT if line is None else self.paces.get(valid.engine.name, UNCUT)
        if line is not None:
            pace = evolve(pace, room=partial(self._room, line))
        return self.pipeline.job(valid.engine, clock, pace, ignored, request_lexicon(request))

    def _room(self, line: Line, number: int, before: float) -> float:
        return line.symbols_in_time(number, before, self.order.now())

    def _segment_made(self, event: SegmentSynthesized) -> None:
        if self.settings.log.texts:
            log.info("segment_spoken", request_id=event.request_id, index=event.index, text=event.text)
        notify(self.registry.observers, event)

    def _finished(
        self,
        request: SpeechRequest,
        clock: StageClock,
        speech: ActiveSpeech | None,
        error: BaseException | None,
    ) -> None:
        clock.passed(Share.DELIVER if speech is not None and speech.completed else None)
        event = RequestFinished(
            request_id=request.request_id,
            outcome=_outcome(speech, error),
            engine=speech.engine if speech else request.engine,
            voice=speech.voice if speech else request.voice,
            format=request.format,
            characters=len(request.text) + clock.characters,
            segments=speech.segments if speech else 0,
            audio_s=speech.audio_s if speech else 0.0,
            first_audio_s=speech.first_audio_s if speech else None,
            total_s=clock.elapsed,
            error=str(error) if isinstance(error, KoeError) else None,
            stages=dict(clock.seconds),
            caller=request.caller,
            client=request.client,
            shares=dict(clock.shares),
            plugins=dict(clock.plugins),
            timeline=clock.timeline,
            wait_s=clock.wait_s,
        )
        self.outcomes[event.outcome] += 1
        notify(self.registry.observers, event)


@asynccontextmanager
async def _meanwhile(work: Callable[[], object]) -> AsyncIterator[None]:
    """Let `work` run in a thread during the block. What it raises is told by whoever needs its result."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        yield
    finally:
        await asyncio.wait([running])
        running.exception()


@asynccontextmanager
async def _leaving_quietly(plugin: str, context: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
    """Enter `context` as it is; an error on leaving it is logged, so that the others still close."""
    await context.__aenter__()
    try:
        yield
    finally:
        try:
            await context.__aexit__(None, None, None)
        except Exception:
            log.exception("lifespan_failed_on_stop", plugin=plugin)


def _outcome(speech: ActiveSpeech | None, error: BaseException | None) -> Outcome:
    if speech is None or (isinstance(error, OverloadedError) and speech.first_audio_s is None):
        return "refused"
    if speech.completed:
        return "completed"
    gone = (asyncio.CancelledError, GeneratorExit, CancelledByCallerError)
    return "cancelled" if error is None or isinstance(error, gone) else "failed"


def _described(info: EngineInfo) -> dict[str, object]:
    return {
        "engine": info.name,
        "model": info.model,
        "execution_provider": info.execution_provider,
        "sample_rate": info.sample_rate,
    }
