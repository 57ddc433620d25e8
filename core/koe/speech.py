"""The audio half of the pipeline: infer, postprocess and encode, one segment ahead of the listener."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from functools import partial

from attrs import define, evolve, field, frozen

from koe.cancellation import Cancellation
from koe.clock import StageClock
from koe.engines import OpenEngine
from koe.errors import NothingToSpeakError
from koe.guard import guarded
from koe.hooks import SegmentSynthesized, Speech
from koe.pipeline import Planned
from koe.postprocess import Chain, Encoding, pieces, silence
from koe.registry import Owned
from koe.stages import AudioFormat, AudioProcessor
from koe.stretch import gain, time_stretch
from koe.types import (
    AudioChunk,
    Mode,
    Pause,
    PhonemeSegment,
    SpeechRequest,
    Stage,
    StreamInfo,
    VoiceMix,
)
from koe.workers import Threads


@frozen
class SpeechThreads:
    """The pools that all requests share."""

    text: Threads
    inference: Threads
    audio: Threads

    def close(self) -> None:
        for threads in (self.text, self.inference, self.audio):
            threads.close()


@define(eq=False)
class ActiveSpeech(Speech):
    """One request at work. Lives on the event loop; its stages run in the shared threads."""

    request: SpeechRequest
    open_engine: OpenEngine
    mix: VoiceMix
    plan: Iterator[Planned]
    processors: tuple[Owned[AudioProcessor], ...]
    owned_format: Owned[AudioFormat]
    threads: SpeechThreads
    clock: StageClock
    notify: Callable[[SegmentSynthesized], None]
    segments: int = field(default=0, init=False)
    audio_s: float = field(default=0.0, init=False)
    first_audio_s: float | None = field(default=None, init=False)
    completed: bool = field(default=False, init=False)
    characters_spoken: int = field(default=0, init=False)
    _cancellation: Cancellation = field(factory=Cancellation, init=False)

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

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        chain = Chain.open(self.processors, self._info("stream"), self.clock)
        async with aclosing(self._synthesized()) as synthesized:
            async for chunk in synthesized:
                processed = await self.threads.audio.run(partial(chain.process, chunk))
                if len(processed.samples):
                    self._note_first_audio()
                    yield processed
        held_back = await self.threads.audio.run(lambda: list(chain.flush()))
        self.completed = True
        for rest in held_back:
            yield rest

    async def encoded(self, mode: Mode = "stream") -> AsyncGenerator[bytes, None]:
        info = self._info(mode)
        encoding = await self.threads.audio.run(partial(Encoding, self.owned_format, info, self.clock))
        try:
            chain = Chain.open(self.processors, info, self.clock)
            async with aclosing(self._synthesized()) as synthesized:
                async for chunk in synthesized:
                    for piece in pieces(chunk):
                        data = await self.threads.audio.run(partial(_encode, chain, encoding, piece))
                        if data:
                            self._note_first_audio()
                            yield data
            data = await self.threads.audio.run(partial(_encode_rest, chain, encoding))
            self._note_first_audio()
            self.completed = True
            if data:
                yield data
        finally:
            encoding.close()

    async def _synthesized(self) -> AsyncGenerator[AudioChunk, None]:
        """The engine's audio at the request's rate and volume; the next segment is already being made."""
        following = asyncio.ensure_future(self._next())
        try:
            while (chunk := await following) is not None:
                following = asyncio.ensure_future(self._next())
                placed = self._placed(chunk)
                if len(placed.samples):
                    yield placed
        finally:
            await self._stop(following)
        if not self.audio_s:
            raise NothingToSpeakError(
                "The text holds nothing that can be spoken; send at least one word", param="input"
            )

    async def _stop(self, following: "asyncio.Future[AudioChunk | None]") -> None:
        self._cancellation.cancel()
        following.cancel()
        await asyncio.wait([following])
        if not following.cancelled():
            following.exception()

    async def _next(self) -> AudioChunk | None:
        """The audio of the next part of the plan, None at its end."""
        while (part := await self.threads.text.run(partial(next, self.plan, None))) is not None:
            if isinstance(part, PhonemeSegment):
                return await self._infer(part)
            if isinstance(part, Pause):
                return silence(part.seconds, self.sample_rate)
        return None

    async def _infer(self, segment: PhonemeSegment) -> AudioChunk:
        index, self.segments = self.segments, self.segments + 1
        asked = time.perf_counter()
        chunk, began, ended = await self.threads.inference.run(
            partial(_speak, self.open_engine, segment, self._cancellation),
            self._cancellation,
            urgent=index == 0,
        )
        self.characters_spoken = max(self.characters_spoken, segment.source.end)
        self.clock.add(Stage.INFER, ended - began)
        self.clock.wait(began - asked)
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
                audio_s=chunk.seconds,
                wait_s=began - asked,
                infer_s=ended - began,
            )
        )
        return chunk

    def _placed(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk with its word timings counted from the start of the whole answer."""
        offset = self.audio_s
        self.audio_s += chunk.seconds
        words = tuple(
            evolve(word, start_s=word.start_s + offset, end_s=word.end_s + offset) for word in chunk.words
        )
        return evolve(chunk, words=words)

    def _note_first_audio(self) -> None:
        if self.first_audio_s is None:
            self.first_audio_s = self.clock.elapsed

    def _info(self, mode: Mode) -> StreamInfo:
        request = self.request
        return StreamInfo(self.sample_rate, request.request_id, mode, request.sample_rate, request.bitrate)


def _speak(
    opened: OpenEngine, segment: PhonemeSegment, cancellation: Cancellation
) -> tuple[AudioChunk, float, float]:
    """Infer one segment, stretch what the engine's rate range leaves over, set the volume; with times."""
    began = time.perf_counter()
    cancellation.check()
    low, high = opened.engine.rate_range
    prosody = segment.prosody
    rate = min(max(prosody.rate, low), high)
    with guarded(Stage.INFER, opened.name, opened.plugin):
        chunk = opened.engine.infer(evolve(segment, prosody=evolve(prosody, rate=rate)), cancellation)
        chunk = _stretched(chunk, prosody.rate / rate)
        if prosody.volume_db:
            chunk = evolve(chunk, samples=gain(chunk.samples, prosody.volume_db))
    return chunk, began, time.perf_counter()


def _stretched(chunk: AudioChunk, rate: float) -> AudioChunk:
    if math.isclose(rate, 1.0):
        return chunk
    words = tuple(evolve(word, start_s=word.start_s / rate, end_s=word.end_s / rate) for word in chunk.words)
    return AudioChunk(time_stretch(chunk.samples, chunk.sample_rate, rate), chunk.sample_rate, words)


def _encode(chain: Chain, encoding: Encoding, chunk: AudioChunk) -> bytes:
    processed = chain.process(chunk)
    return encoding.feed(processed) if len(processed.samples) else b""


def _encode_rest(chain: Chain, encoding: Encoding) -> bytes:
    return b"".join(encoding.feed(rest) for rest in chain.flush()) + encoding.flush()
