"""The chain of audio processors and, at its end, the encoder of one response."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

import numpy as np
from attrs import define, evolve, field

from koe.clock import StageClock
from koe.guard import guarded
from koe.registry import Owned
from koe.stages import AudioFormat, AudioProcessor, AudioStream, Encoder
from koe.types import AudioChunk, Stage, StreamInfo

PIECE_S = 1.0
"""Seconds of audio that are encoded at a time, so that a long segment starts to sound early."""


@define(eq=False)
class Chain:
    """One response's processors in config order. Runs in the caller's thread, never in two at once."""

    streams: list[tuple[Owned[AudioProcessor], AudioStream]]
    clock: StageClock

    @classmethod
    def open(
        cls, processors: tuple[Owned[AudioProcessor], ...], info: StreamInfo, clock: StageClock
    ) -> "Chain":
        """Open every processor. A failure is a `StageError` that names it."""
        streams: list[tuple[Owned[AudioProcessor], AudioStream]] = []
        for owned in processors:
            with guarded(Stage.POSTPROCESS, owned.component.name, owned.plugin):
                streams.append((owned, owned.component.open(info)))
        return cls(streams, clock)

    @property
    def facts(self) -> Mapping[str, str]:
        """What all processors say of the response (see `AudioStream.facts`)."""
        return self._said(lambda stream: stream.facts)

    @property
    def tags(self) -> Mapping[str, str]:
        """What all processors want the file to say (see `AudioStream.tags`)."""
        return self._said(lambda stream: stream.tags)

    @property
    def repeatable(self) -> bool:
        """Whether all processors say so (see `AudioStream.repeatable`)."""
        for owned, stream in self.streams:
            with _guard(owned):
                if not stream.repeatable:
                    return False
        return True

    def process(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk after all processors; shorter or empty while they hold audio back."""
        return self._through(chunk, 0)

    def flush(self) -> Iterator[AudioChunk]:
        """What the processors held back, in order."""
        for index, (owned, stream) in enumerate(self.streams):
            with self.clock.measure(Stage.POSTPROCESS, owned.plugin), _guard(owned):
                rest = stream.flush()
            if rest is not None and len(rest.samples):
                yield self._through(rest, index + 1)

    def _said(self, what: Callable[[AudioStream], Mapping[str, str]]) -> Mapping[str, str]:
        said: dict[str, str] = {}
        for owned, stream in self.streams:
            with _guard(owned):
                said.update(what(stream))
        return said

    def _through(self, chunk: AudioChunk, start: int) -> AudioChunk:
        with self.clock.measure(Stage.POSTPROCESS):
            for owned, stream in self.streams[start:]:
                with self.clock.by_plugin(owned.plugin, Stage.POSTPROCESS), _guard(owned):
                    chunk = stream.process(chunk)
        return chunk


@define(eq=False)
class Encoding:
    """One response's encoder. Opened with the first audio, so that no header goes out before it."""

    owned: Owned[AudioFormat]
    info: StreamInfo
    clock: StageClock
    encoder: Encoder = field(init=False)

    def __attrs_post_init__(self) -> None:
        with self._guard():
            self.encoder = self.owned.component.open(self.info)

    def feed(self, chunk: AudioChunk) -> bytes:
        with self.clock.measure(Stage.ENCODE, self.owned.plugin), self._guard():
            return self.encoder.feed(chunk)

    def flush(self) -> bytes:
        with self.clock.measure(Stage.ENCODE, self.owned.plugin), self._guard():
            return self.encoder.flush()

    def close(self) -> None:
        self.encoder.close()

    def _guard(self) -> AbstractContextManager[None]:
        return guarded(Stage.ENCODE, self.owned.component.name, self.owned.plugin)


@define(eq=False)
class Output:
    """One response's processors and its encoder. Runs in the caller's thread, never in two at once."""

    chain: Chain
    encoding: Encoding

    @classmethod
    def open(
        cls,
        processors: tuple[Owned[AudioProcessor], ...],
        owned_format: Owned[AudioFormat],
        info: StreamInfo,
        clock: StageClock,
    ) -> "Output":
        """Open everything. A failure is a `StageError` that names what failed."""
        chain = Chain.open(processors, info, clock)
        return cls(chain, Encoding(owned_format, evolve(info, tags=chain.tags), clock))

    def encode(self, chunk: AudioChunk) -> bytes:
        processed = self.chain.process(chunk)
        return self.encoding.feed(processed) if len(processed.samples) else b""

    def rest(self) -> bytes:
        """What the processors and the encoder held back."""
        return b"".join(map(self.encoding.feed, self.chain.flush())) + self.encoding.flush()

    def close(self) -> None:
        self.encoding.close()


def cut_pieces(chunk: AudioChunk, seconds: float = PIECE_S) -> Iterator[AudioChunk]:
    """The chunk in pieces of at most `seconds`; the word timings go with the first."""
    size = max(1, int(seconds * chunk.sample_rate))
    for start in range(0, len(chunk.samples), size):
        words = chunk.words if start == 0 else ()
        yield AudioChunk(chunk.samples[start : start + size], chunk.sample_rate, words)


def silence(seconds: float, sample_rate: int) -> AudioChunk:
    """`seconds` of silence."""
    return AudioChunk(np.zeros(round(seconds * sample_rate), np.float32), sample_rate)


def _guard(owned: Owned[AudioProcessor]) -> AbstractContextManager[None]:
    return guarded(Stage.POSTPROCESS, owned.component.name, owned.plugin)
