"""The running koe: opens engines, admits requests, drains."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from attrs import define, evolve, field

from koe.clock import StageClock
from koe.engines import EngineSet, OpenEngine
from koe.errors import (
    CancelledByCallerError,
    InvalidRequestError,
    KoeError,
    NothingToSpeakError,
    OverloadedError,
    TextTooLongError,
    UnsupportedFormatError,
)
from koe.hooks import Outcome, Plugin, RequestFinished, Server, overrides
from koe.observers import notify
from koe.pipeline import Pipeline
from koe.registry import Owned, Registry
from koe.settings import Settings
from koe.speech import ActiveSpeech, SpeechThreads
from koe.spelling import nearest
from koe.stages import AudioFormat, MarkupContext
from koe.types import EngineInfo, SpeechRequest, Voice, VoiceMix
from koe.workers import Admission, Threads

log = structlog.get_logger(__name__)

SPEED_RANGE = (0.25, 4.0)
VOLUME_RANGE_DB = (-60.0, 20.0)


@define(eq=False)
class Synthesizer(Server):
    """Text in, audio out. Everything but `start` and `stop` may be called once it has started."""

    registry: Registry
    settings: Settings
    admission: Admission = field(init=False)
    threads: SpeechThreads = field(init=False)
    pipeline: Pipeline = field(init=False)
    engine_set: EngineSet | None = field(default=None, init=False)
    outcomes: Counter[Outcome] = field(factory=Counter, init=False)
    _lifespans: AsyncExitStack = field(factory=AsyncExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        limits = self.settings.limits
        self.admission = Admission(limits.max_concurrent, limits.max_queued, limits.queue_timeout_s)
        self.pipeline = Pipeline.of(self.registry, self.settings.pipeline)
        self.threads = SpeechThreads(
            text=Threads("text", 2),
            inference=Threads("inference", self.settings.inference.concurrency),
            audio=Threads("audio", 2),
        )

    async def start(self) -> None:
        """Open the engines, then enter the plugins' lifespans in config order.

        Raises:
            KoeError: an engine cannot be opened; nothing stays open.
        """
        open_engines = partial(EngineSet.open, self.registry, self.settings)
        self.engine_set = await self.threads.inference.run(open_engines)
        try:
            for loaded in self.registry.plugins:
                await self._enter_lifespan(loaded.name, loaded.plugin)
        except BaseException:
            await self.stop()
            raise
        log.info("engine_opened", **_described(self.engines()[0]))

    async def stop(self) -> None:
        """Leave the lifespans in reverse order, close the engines, let the threads go."""
        await self._lifespans.aclose()
        if self.engine_set is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.engine_set.close)
            self.engine_set = None
        await asyncio.get_running_loop().run_in_executor(None, self.threads.close)

    @asynccontextmanager
    async def speak(self, request: SpeechRequest) -> AsyncIterator[ActiveSpeech]:
        clock = StageClock()
        request = request if request.request_id else evolve(request, request_id=uuid.uuid4().hex)
        try:
            opened, mix, owned_format = self._validate(request)
            async with self.admission.admit():
                speech = self._speech(request, opened, mix, owned_format, clock)
                try:
                    yield speech
                except BaseException as error:
                    self._finished(request, clock, speech, error)
                    raise
                self._finished(request, clock, speech, None)
        except OverloadedError as error:
            self._finished(request, clock, None, error)
            raise

    def engines(self) -> Sequence[EngineInfo]:
        opened = self._open()
        default = opened.get("")
        others = (one for one in opened.engines.values() if one is not default)
        return [default.engine.info(), *(one.engine.info() for one in others)]

    def voices(self, engine: str = "") -> Sequence[Voice]:
        return self._open().get(engine).engine.voices()

    def open_engine(self, name: str = "") -> OpenEngine:
        """The open engine called `name`, the default one for an empty name (see `EngineSet.get`)."""
        return self._open().get(name)

    async def _enter_lifespan(self, name: str, plugin: Plugin) -> None:
        if overrides(plugin, "lifespan"):
            context = plugin.lifespan(server=self)
            await self._lifespans.enter_async_context(_leaving_quietly(name, context))

    def _open(self) -> EngineSet:
        if self.engine_set is None:
            raise RuntimeError("the synthesizer has not been started")
        return self.engine_set

    def _validate(self, request: SpeechRequest) -> tuple[OpenEngine, VoiceMix, Owned[AudioFormat]]:
        limit = self.settings.limits.max_characters
        if len(request.text) > limit:
            raise TextTooLongError(
                f"The text has {len(request.text)} characters; the limit is {limit} "
                f"(limits.max_characters). Send it in parts",
                param="input",
            )
        if not request.text.strip():
            raise NothingToSpeakError("The text is empty; send at least one word", param="input")
        _check_range("speed", request.speed, SPEED_RANGE)
        _check_range("volume_db", request.volume_db, VOLUME_RANGE_DB)
        opened = self._open().get(request.engine)
        mix = opened.book.resolve(request.voice)
        self.pipeline.check(request, opened, request.language or opened.book.language(mix))
        return opened, mix, self._format(request.format)

    def _format(self, name: str) -> Owned[AudioFormat]:
        formats = self.registry.formats
        if name not in formats:
            near = nearest(name, formats)
            guess = f" Did you mean {', '.join(near)}?" if near else ""
            raise UnsupportedFormatError(
                f"Unknown format {name!r}.{guess} Enabled: {', '.join(formats) or 'none'}",
                param="response_format",
            )
        return formats[name]

    def _speech(
        self,
        request: SpeechRequest,
        opened: OpenEngine,
        mix: VoiceMix,
        owned_format: Owned[AudioFormat],
        clock: StageClock,
    ) -> ActiveSpeech:
        processors = self.registry.audio_processors
        context = MarkupContext(mix, request.language or opened.book.language(mix))
        return ActiveSpeech(
            request=request,
            open_engine=opened,
            mix=mix,
            plan=self.pipeline.plan(request, opened, context, clock),
            processors=tuple(
                processors[name] for name in self.settings.pipeline.postprocess if name in processors
            ),
            owned_format=owned_format,
            threads=self.threads,
            clock=clock,
            notify=partial(notify, self.registry.observers),
        )

    def _finished(
        self,
        request: SpeechRequest,
        clock: StageClock,
        speech: ActiveSpeech | None,
        error: BaseException | None,
    ) -> None:
        event = RequestFinished(
            request_id=request.request_id,
            outcome=_outcome(speech, error),
            engine=speech.engine if speech else request.engine,
            voice=speech.voice if speech else request.voice,
            format=request.format,
            characters=len(request.text),
            segments=speech.segments if speech else 0,
            audio_s=speech.audio_s if speech else 0.0,
            first_audio_s=speech.first_audio_s if speech else None,
            total_s=clock.elapsed,
            error=str(error) if isinstance(error, KoeError) else None,
            stages=dict(clock.seconds),
        )
        self.outcomes[event.outcome] += 1
        notify(self.registry.observers, event)


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
    if speech is None:
        return "refused"
    if speech.completed:
        return "completed"
    gone = (asyncio.CancelledError, GeneratorExit, CancelledByCallerError)
    return "cancelled" if error is None or isinstance(error, gone) else "failed"


def _check_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidRequestError(f"{name} must be from {low:g} to {high:g}, not {value:g}", param=name)


def _described(info: EngineInfo) -> dict[str, object]:
    return {
        "engine": info.name,
        "model": info.model,
        "execution_provider": info.execution_provider,
        "sample_rate": info.sample_rate,
    }
