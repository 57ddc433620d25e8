"""The audio half of the pipeline: infer, postprocess and encode, ahead of the listener."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import count

import numpy as np
from attrs import define, evolve, field, frozen

from koe.admission import Place
from koe.cache.segments import Obtained, SegmentCache
from koe.cache.tiers import Patience
from koe.cancellation import Cancellation
from koe.clock import StageClock, timed_delivery
from koe.costs import Costs
from koe.engines import OpenEngine
from koe.errors import NothingToSpeakError
from koe.hooks import SegmentSynthesized, Speech
from koe.joins import Joins
from koe.line import Claim, Line, Work
from koe.lookahead import LookAhead
from koe.order import Order
from koe.pipeline import Planned
from koe.postprocess import Chain, Output, cut_pieces, silence
from koe.prosody import resampled
from koe.registry import Owned
from koe.spoken import speak, spoken
from koe.stages import AudioFormat, AudioProcessor
from koe.stretch import gain
from koe.timings import estimated_words
from koe.types import (
    AudioChunk,
    Clip,
    Mark,
    MarkTiming,
    Mode,
    Pause,
    PhonemeSegment,
    Share,
    SpeechPiece,
    SpeechRequest,
    Stage,
    StreamInfo,
    VoiceMix,
)
from koe.workers import Threads

CACHE_FACT = "cache"
"""The name of the fact that says how much of the audio came from the cache."""


@frozen
class SpeechThreads:
    """The pools that all requests share."""

    text: Threads
    inference: Threads
    audio: Threads

    def close(self) -> None:
        for threads in (self.text, self.inference, self.audio):
            threads.close()


@frozen
class _Made:
    """A segment's audio, timings from its own first sample, and the pause that belongs behind it."""

    chunk: AudioChunk
    pause_s: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    estimated: bool = False
    goes_on: bool = False
    cached: bool | None = None


@frozen
class _Gap:
    """The silence between two segments: what the punctuation makes, or all that was asked for if longer."""

    natural_s: float = 0.0
    asked_s: float = 0.0

    @property
    def seconds(self) -> float:
        return max(self.natural_s, self.asked_s)


@frozen
class _Sound:
    """Audio in its place in the answer, with the marks that are reached where it begins."""

    chunk: AudioChunk
    marks: tuple[MarkTiming, ...] = ()
    estimated: bool = False
    goes_on: bool = False


@define(eq=False)
class ActiveSpeech(Speech):
    """One request at work. Lives on the event loop; its stages run in the shared threads.

    `plan` is called once, with whether the first segments are to be cut short, and the line that knows how
    much time is left for the others. `live` says that the text is still being written.
    """

    request: SpeechRequest
    open_engine: OpenEngine
    mix: VoiceMix
    plan: Callable[[bool, Line], AsyncGenerator[Planned, None]]
    processors: tuple[Owned[AudioProcessor], ...]
    owned_format: Owned[AudioFormat]
    threads: SpeechThreads
    order: Order
    costs: Costs
    joins: Joins
    clock: StageClock
    place: Place
    notify: Callable[[SegmentSynthesized], None]
    ignored: Collection[str] = ()
    cache: SegmentCache | None = None
    live: bool = False
    facts: Mapping[str, str] = field(factory=dict, init=False)
    segments: int = field(default=0, init=False)
    audio_s: float = field(default=0.0, init=False)
    first_audio_s: float | None = field(default=None, init=False)
    completed: bool = field(default=False, init=False)
    repeatable: bool = field(default=False, init=False)
    characters_spoken: int = field(default=0, init=False)
    _index: Iterator[int] = field(factory=count, init=False)
    _cancellation: Cancellation = field(factory=Cancellation, init=False)
    _patience: Patience | None = field(default=None, init=False)
    _cached: list[bool] = field(factory=list, init=False)
    _cache_fact: Mapping[str, str] = field(factory=dict, init=False)
    _streams: bool = field(default=True, init=False)

    engine: str = field(init=False)
    voice: str = field(init=False)
    sample_rate: int = field(init=False)
    format: AudioFormat = field(init=False)
    stage_seconds: Mapping[str, float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.engine = self.open_engine.name
        self.voice = str(self.mix)
        self.sample_rate = self.open_engine.engine.info().sample_rate
        self.format = self.owned_format.component
        self.stage_seconds = self.clock.seconds
        if self.cache is not None and self.request.cache != "bypass":
            self._patience = self.cache.patience()

    @timed_delivery
    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        opened = partial(Chain.open, self.processors, self._info("stream"), self.clock)
        chain = await self.threads.audio.run(opened)
        async with aclosing(self._sounds(early=True)) as sounds:
            async for sound in sounds:
                processed = await self.threads.audio.run(partial(chain.process, sound.chunk))
                self._note_facts(chain)
                if len(processed.samples):
                    self._note_first_audio()
                    yield processed
        held_back = await self.threads.audio.run(lambda: list(chain.flush()))
        self._complete(chain)
        for rest in held_back:
            yield rest

    @timed_delivery
    async def pieces(self, mode: Mode = "stream") -> AsyncGenerator[SpeechPiece, None]:
        self._streams = mode == "stream"
        opened = partial(Output.open, self.processors, self.owned_format, self._info(mode), self.clock)
        output = await self.threads.audio.run(opened)
        try:
            async with aclosing(self._sounds(early=mode == "stream")) as sounds:
                async for sound in sounds:
                    async for piece in self._encoded_sound(sound, output):
                        yield piece
            data = await self.threads.audio.run(output.rest)
            self._complete(output.chain)
            self._note_first_audio()
            yield SpeechPiece(data)
        finally:
            output.close()

    async def _encoded_sound(self, sound: _Sound, output: Output) -> AsyncGenerator[SpeechPiece, None]:
        marks = sound.marks
        if marks and not len(sound.chunk.samples):
            yield SpeechPiece(b"", marks=marks)
        for part in cut_pieces(sound.chunk):
            data = await self.threads.audio.run(partial(output.encode, part))
            self._note_facts(output.chain)
            if data:
                self._note_first_audio()
            if data or part.words or marks:
                yield SpeechPiece(data, part.words, marks, sound.estimated, sound.goes_on)
                marks = ()

    async def _sounds(self, *, early: bool) -> AsyncGenerator[_Sound, None]:
        """The joined segments in order; the next ones are already being made."""
        async with self._ahead(early=early) as ahead:
            gap, marks = _Gap(), list[MarkTiming]()
            while (made := await ahead.take()) is not None:
                if isinstance(made, Mark):
                    marks.append(MarkTiming(made.name, self.audio_s + gap.seconds, made.source))
                elif isinstance(made, Pause):
                    gap = evolve(gap, asked_s=gap.asked_s + made.seconds)
                elif len(made.chunk.samples):
                    if ahead.line.played and not self.audio_s:
                        with self.clock.waiting():
                            await ahead.until_in_time()
                    ahead.line.first_audio(self.order.now())
                    yield self._placed(made, gap.seconds, tuple(marks))
                    gap, marks = _Gap(made.pause_s), []
            if not self.audio_s:
                raise NothingToSpeakError(
                    "The text holds nothing that can be spoken; send at least one word", param="input"
                )
            yield self._placed(_Made(silence(0.0, self.sample_rate)), gap.seconds, tuple(marks))

    @asynccontextmanager
    async def _ahead(self, *, early: bool) -> AsyncIterator[LookAhead[_Made]]:
        """The plan at work; what is still being made is stopped at the end."""
        request = self.request
        with self.order.line(
            request.asker,
            self.costs,
            played=early and request.played,
            characters=None if self.live else len(request.text),
            speed=request.speed,
        ) as line:
            if self._patience is None:
                self.order.let_in(line)
            ahead = LookAhead(self.plan(early, line), self.order, line, self._made)
            try:
                yield ahead
            finally:
                self._cancellation.cancel()
                await ahead.close()

    async def _made(self, part: PhonemeSegment | Clip, claim: Claim) -> _Made:
        if isinstance(part, PhonemeSegment):
            return await self._infer(part, claim)
        made = await self.threads.audio.run(partial(_played, part, self.sample_rate))
        self.order.made(claim, made.chunk.seconds)
        return made

    async def _infer(self, segment: PhonemeSegment, claim: Claim) -> _Made:
        index, asked = next(self._index), time.perf_counter()
        obtained = await self._obtained(segment, claim)
        result = obtained.spoken
        made = _Made(
            result.chunk,
            self.joins.pause_s(segment.boundary, segment.prosody.rate),
            result.began,
            result.ended,
            goes_on=segment.goes_on,
            cached=None if self._patience is None else obtained.cached,
        )
        wait_s = made.began - asked if obtained.cached else claim.waited_s
        self.clock.span(Share.WAIT, asked, made.began)
        if result.loading is not None:
            self.clock.span(Share.LOAD, max(asked, result.loading.began), max(asked, result.loading.ended))
        self._count(made, segment, claim, wait_s)
        self.notify(
            SegmentSynthesized(
                request_id=self.request.request_id,
                index=index,
                engine=self.engine,
                voice=str(segment.voice),
                language=segment.language,
                text=segment.text,
                phonemes=segment.phonemes,
                unknown_symbols=segment.unknown_symbols,
                audio_s=made.chunk.seconds,
                wait_s=wait_s,
                infer_s=made.ended - made.began,
                cached=obtained.cached,
            )
        )
        return self._timed(made, segment)

    async def _obtained(self, segment: PhonemeSegment, claim: Claim) -> Obtained:
        work = partial(speak, self.open_engine, self.joins)
        if self.cache is not None and self._patience is not None:
            refresh = self.request.cache == "refresh"
            return await self.cache.obtain(
                self.open_engine, segment, work, self._patience, refresh=refresh, claim=claim
            )
        ticket, cancellation = Work(claims=[claim]), self._cancellation
        speaking = partial(work, segment, cancellation)
        made = await spoken(self.open_engine, self.threads.inference, speaking, cancellation, ticket)
        return Obtained(made)

    def _count(self, made: _Made, segment: PhonemeSegment, claim: Claim, wait_s: float) -> None:
        self.segments += 1
        self.characters_spoken = max(self.characters_spoken, segment.source.end)
        self.clock.record(Stage.INFER, made.began, made.ended, self.open_engine.plugin)
        self.clock.wait(wait_s)
        heard_s = made.chunk.seconds + made.pause_s
        self.order.made(claim, heard_s)
        self.costs.spoken(
            heard_s * segment.prosody.rate,
            len(segment.phonemes) or len(segment.text),
            segment.source.end - segment.source.start,
        )

    def _timed(self, made: _Made, segment: PhonemeSegment) -> _Made:
        if self.request.timestamps != "estimate" or self.open_engine.engine.times_words:
            return made
        return evolve(
            made, chunk=evolve(made.chunk, words=estimated_words(segment, made.chunk)), estimated=True
        )

    def _placed(self, made: _Made, pause_s: float, marks: tuple[MarkTiming, ...]) -> _Sound:
        """The segment behind its pause, with word timings counted from the start of the whole answer."""
        lead = silence(pause_s, self.sample_rate)
        offset = self.audio_s + lead.seconds
        words = tuple(
            evolve(word, start_s=word.start_s + offset, end_s=word.end_s + offset)
            for word in made.chunk.words
        )
        samples = np.concatenate([lead.samples, made.chunk.samples]) if pause_s else made.chunk.samples
        self.audio_s = offset + made.chunk.seconds
        if made.cached is not None:
            self._cached.append(made.cached)
        return _Sound(AudioChunk(samples, self.sample_rate, words), marks, made.estimated, made.goes_on)

    def _complete(self, chain: Chain) -> None:
        self._note_facts(chain)
        self.repeatable = chain.repeatable
        self.completed = True

    def _note_facts(self, chain: Chain) -> None:
        """What is known so far; of a stream's segments, only those before its first audio count."""
        if self._cached and not (self._streams and self.first_audio_s is not None):
            self._cache_fact = {CACHE_FACT: _how_cached(self._cached)}
        self.facts = {**chain.facts, **self._cache_fact}

    def _note_first_audio(self) -> None:
        if self.first_audio_s is None:
            self.first_audio_s = self.clock.elapsed

    def _info(self, mode: Mode) -> StreamInfo:
        request = self.request
        return StreamInfo(
            self.sample_rate,
            request.request_id,
            mode,
            request.sample_rate,
            request.bitrate,
            engine=self.engine,
            voice=self.voice,
            watermark=request.watermark,
            caller=request.caller,
        )


def _how_cached(segments: Collection[bool]) -> str:
    """Whether no inference was run for any of these segments, for some, or for all."""
    if all(segments):
        return "hit"
    return "partial" if any(segments) else "miss"


def _played(clip: Clip, sample_rate: int) -> _Made:
    samples = resampled(clip.chunk.samples, clip.chunk.sample_rate, sample_rate)
    return _Made(AudioChunk(gain(samples, clip.volume_db), sample_rate))
