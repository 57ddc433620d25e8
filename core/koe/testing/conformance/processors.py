"""What every audio processor has to do."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from koe.stages import AudioProcessor, AudioStream
from koe.testing.audio import cut, speechlike, tone
from koe.types import AudioChunk, Samples, StreamInfo

SAMPLE_RATES = (22_050, 24_000, 48_000)
LENGTHS = (1, 480, 24_001)


class AudioProcessorConformance:
    """Subclass it in your tests, say which processor, and run pytest.

    Attributes:
        length_preserving: whether as many samples come out (with `flush`) as went in.
        tolerance: how far a sample may be from the one that another chunking gives.
    """

    length_preserving: ClassVar[bool] = True
    tolerance: ClassVar[float] = 1e-4

    @pytest.fixture
    def processor(self) -> AudioProcessor:
        """The processor under test."""
        raise NotImplementedError("Override the fixture `processor`")

    def test_it_has_a_name(self, processor: AudioProcessor) -> None:
        assert processor.name

    @pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
    def test_every_chunk_keeps_the_sample_rate_and_is_mono_float32(
        self, processor: AudioProcessor, sample_rate: int
    ) -> None:
        for chunk in _process(processor, speechlike(sample_rate, sample_rate), sample_rate, 1_000):
            assert chunk.sample_rate == sample_rate
            assert chunk.samples.dtype == np.float32
            assert chunk.samples.ndim == 1

    @pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
    @pytest.mark.parametrize("length", LENGTHS)
    def test_all_samples_come_out_by_the_end_of_flush(
        self, processor: AudioProcessor, sample_rate: int, length: int
    ) -> None:
        if not self.length_preserving:
            pytest.skip("the processor changes the length by design")
        assert len(_run(processor, speechlike(length, sample_rate), sample_rate, 960)) == length

    def test_any_chunking_gives_the_same_audio(self, processor: AudioProcessor) -> None:
        samples = speechlike(30_011, 24_000)
        at_once = _run(processor, samples, 24_000, len(samples))

        for chunk_samples in (160, 1_200, 7_919):
            chunked = _run(processor, samples, 24_000, chunk_samples)
            assert len(at_once) == len(chunked), f"chunks of {chunk_samples} samples"
            assert np.abs(at_once - chunked).max(initial=0.0) <= self.tolerance

    def test_empty_chunks_change_nothing(self, processor: AudioProcessor) -> None:
        samples = speechlike(24_000, 24_000)
        nothing = AudioChunk(np.zeros(0, np.float32), 24_000)
        spaced = [piece for chunk in cut(samples, 24_000, 4_000) for piece in (nothing, chunk, nothing)]
        with_empty = _join(_through(processor.open(StreamInfo(24_000)), spaced))

        plain = _run(processor, samples, 24_000, 4_000)
        assert len(plain) == len(with_empty)
        assert np.abs(plain - with_empty).max(initial=0.0) <= self.tolerance

    def test_a_stream_without_audio_can_be_flushed(self, processor: AudioProcessor) -> None:
        rest = processor.open(StreamInfo(24_000)).flush()

        assert rest is None or rest.sample_rate == 24_000
        assert rest is None or not self.length_preserving or not len(rest.samples)

    def test_streams_that_take_turns_do_not_disturb_each_other(self, processor: AudioProcessor) -> None:
        signals = speechlike(24_000, 24_000), tone(700, 1.0, 24_000)
        streams = [processor.open(StreamInfo(24_000)) for _ in signals]
        outputs: list[list[AudioChunk]] = [[], []]
        for pair in zip(*(cut(signal, 24_000, 960) for signal in signals), strict=True):
            for output, stream, chunk in zip(outputs, streams, pair, strict=True):
                output.append(stream.process(chunk))
        for output, stream in zip(outputs, streams, strict=True):
            output.extend(_flushed(stream))

        for output, signal in zip(outputs, signals, strict=True):
            assert np.array_equal(_run(processor, signal, 24_000, 960), _join(output))

    def test_streams_run_in_different_threads(self, processor: AudioProcessor) -> None:
        signals = [tone(200 + 100 * i, 0.5, 24_000) for i in range(8)]
        alone = [_run(processor, signal, 24_000, 480) for signal in signals]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda signal: _run(processor, signal, 24_000, 480), signals))

        assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))

    @pytest.mark.parametrize("peak", [0.0, 1e-9, 0.5, 1.0, 4.0])
    def test_the_output_is_finite_for_silence_and_for_loud_audio(
        self, processor: AudioProcessor, peak: float
    ) -> None:
        processed = _run(processor, tone(300, 1.0, 24_000, peak=peak), 24_000, 1_200)

        assert np.isfinite(processed).all()

    def test_the_samples_that_it_is_given_stay_as_they_are(self, processor: AudioProcessor) -> None:
        """They may be in a cache, and others may read them."""
        samples = speechlike(24_000, 24_000)
        before = samples.copy()
        _run(processor, samples, 24_000, 4_000)

        assert np.array_equal(before, samples)


def _process(
    processor: AudioProcessor, samples: Samples, sample_rate: int, chunk_samples: int
) -> list[AudioChunk]:
    return _through(processor.open(StreamInfo(sample_rate)), cut(samples, sample_rate, chunk_samples))


def _through(stream: AudioStream, chunks: Iterable[AudioChunk]) -> list[AudioChunk]:
    return [*map(stream.process, chunks), *_flushed(stream)]


def _flushed(stream: AudioStream) -> list[AudioChunk]:
    rest = stream.flush()
    return [] if rest is None else [rest]


def _run(processor: AudioProcessor, samples: Samples, sample_rate: int, chunk_samples: int) -> Samples:
    return _join(_process(processor, samples, sample_rate, chunk_samples))


def _join(chunks: Iterable[AudioChunk]) -> Samples:
    pieces = [chunk.samples for chunk in chunks]
    return np.concatenate([np.zeros(0, np.float32), *pieces], dtype=np.float32)
