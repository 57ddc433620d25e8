"""The conformance class for processors passes on a sound one and fails on broken ones."""

import numpy as np
import pytest
from koe.api import AudioChunk, AudioProcessor, AudioStream, Samples, StreamInfo
from koe.testing.conformance.processors import AudioProcessorConformance


class DelayStream(AudioStream):
    """Holds back 100 samples, as block-based processors do, and halves the volume."""

    held = 100

    def __init__(self, info: StreamInfo) -> None:
        self.rate = info.sample_rate
        self.rest: Samples = np.zeros(0, np.float32)

    def process(self, chunk: AudioChunk) -> AudioChunk:
        waiting = np.concatenate([self.rest, chunk.samples * np.float32(0.5)])
        end = max(0, len(waiting) - self.held)
        self.rest = waiting[end:]
        return AudioChunk(waiting[:end], self.rate)

    def flush(self) -> AudioChunk | None:
        return AudioChunk(self.rest, self.rate) if len(self.rest) else None


class Quieter(AudioProcessor):
    name = "quieter"
    stream: type[DelayStream] = DelayStream

    def open(self, info: StreamInfo) -> AudioStream:
        return self.stream(info)


class TestQuieter(AudioProcessorConformance):
    @pytest.fixture
    def processor(self) -> AudioProcessor:
        return Quieter()


def broken(stream: type[DelayStream]) -> AudioProcessor:
    processor = Quieter()
    processor.stream = stream
    return processor


def test_a_processor_that_never_gives_back_what_it_held_fails():
    class Forgets(DelayStream):
        def flush(self) -> AudioChunk | None:
            return None

    with pytest.raises(AssertionError):
        TestQuieter().test_all_samples_come_out_by_the_end_of_flush(broken(Forgets), 24_000, 24_001)


def test_a_processor_that_normalizes_every_chunk_for_itself_fails():
    class PerChunk(DelayStream):
        def process(self, chunk: AudioChunk) -> AudioChunk:
            peak = np.abs(chunk.samples).max(initial=1e-6)
            return AudioChunk(chunk.samples / peak, self.rate)

    with pytest.raises(AssertionError):
        TestQuieter().test_any_chunking_gives_the_same_audio(broken(PerChunk))


def test_a_processor_that_writes_into_its_input_fails():
    class InPlace(DelayStream):
        def process(self, chunk: AudioChunk) -> AudioChunk:
            chunk.samples[:] *= np.float32(0.5)
            return chunk

    with pytest.raises(AssertionError):
        TestQuieter().test_the_samples_that_it_is_given_stay_as_they_are(broken(InPlace))


def test_a_processor_that_divides_by_the_peak_of_silence_fails():
    class Divides(DelayStream):
        def process(self, chunk: AudioChunk) -> AudioChunk:
            with np.errstate(invalid="ignore"):
                return AudioChunk(chunk.samples / np.abs(chunk.samples).max(), self.rate)

    with pytest.raises(AssertionError):
        TestQuieter().test_the_output_is_finite_for_silence_and_for_loud_audio(broken(Divides), 0.0)


def test_streams_that_share_their_state_fail():
    class Shared(Quieter):
        only = DelayStream(StreamInfo(24_000))

        def open(self, info: StreamInfo) -> AudioStream:
            return self.only

    with pytest.raises(AssertionError):
        TestQuieter().test_streams_that_take_turns_do_not_disturb_each_other(Shared())


def test_a_processor_that_changes_the_sample_rate_fails():
    class Relabels(DelayStream):
        def process(self, chunk: AudioChunk) -> AudioChunk:
            return AudioChunk(chunk.samples, 16_000)

    with pytest.raises(AssertionError):
        TestQuieter().test_every_chunk_keeps_the_sample_rate_and_is_mono_float32(broken(Relabels), 24_000)


def test_a_processor_that_chokes_on_an_empty_chunk_fails():
    class Chokes(DelayStream):
        def process(self, chunk: AudioChunk) -> AudioChunk:
            return AudioChunk(chunk.samples - chunk.samples.max(), self.rate)

    with pytest.raises(ValueError, match="zero-size"):
        TestQuieter().test_empty_chunks_change_nothing(broken(Chokes))
