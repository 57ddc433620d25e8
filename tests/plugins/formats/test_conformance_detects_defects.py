"""The conformance class for formats fails on formats that are broken in the ways that have been seen."""

import numpy as np
import pytest
from koe.api import AudioChunk, AudioFormat, Encoder, StreamInfo
from koe_formats.intake import Intake
from koe_formats.mp3 import Mp3Format
from koe_formats.pcm import PcmEncoder, PcmFormat, StreamWavEncoder, WavFormat

from tests.plugins.formats import test_conformance


class Wrapped(Encoder):
    """Hands everything on; the broken encoders below override one method."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner

    def feed(self, chunk: AudioChunk) -> bytes:
        return self.inner.feed(chunk)

    def flush(self) -> bytes:
        return self.inner.flush()


class DropsTail(Wrapped):
    def flush(self) -> bytes:
        return b""


class KeepsAllToTheEnd(Wrapped):
    def __init__(self, inner: Encoder) -> None:
        super().__init__(inner)
        self.kept = b""

    def feed(self, chunk: AudioChunk) -> bytes:
        self.kept += super().feed(chunk)
        return b""

    def flush(self) -> bytes:
        return self.kept + super().flush()


class DropsShortChunks(Wrapped):
    def feed(self, chunk: AudioChunk) -> bytes:
        return super().feed(chunk) if len(chunk.samples) >= 1_000 else b""


class Wraps(Wrapped):
    """Two's complement overflow, as `astype("int16")` without clipping has it."""

    def feed(self, chunk: AudioChunk) -> bytes:
        samples = (chunk.samples + 1) % 2 - 1
        return super().feed(AudioChunk(samples.astype(np.float32), chunk.sample_rate))


class HeaderPerChunk(Encoder):
    def feed(self, chunk: AudioChunk) -> bytes:
        return StreamWavEncoder(Intake(24_000, 24_000), 24_000).feed(chunk)

    def flush(self) -> bytes:
        return b""


def broken(base: type[AudioFormat], wrap: type[Wrapped]) -> AudioFormat:
    class Broken(base):  # type: ignore[misc, valid-type]
        def open(self, info: StreamInfo) -> Encoder:
            return wrap(super().open(info))

    fmt: AudioFormat = Broken()
    return fmt


def test_a_format_that_drops_its_tail_fails():
    with pytest.raises(AssertionError, match="of the last sound's energy came out"):
        test_conformance.TestMp3().test_the_last_sound_is_not_lost_at_flush(
            broken(Mp3Format, DropsTail), "stream"
        )
    with pytest.raises(AssertionError, match="samples beyond what was fed"):
        test_conformance.TestMp3().test_it_decodes_to_the_length_that_was_fed(
            broken(Mp3Format, DropsTail), "stream", 24_001
        )


def test_a_format_that_streams_nothing_before_the_end_fails():
    with pytest.raises(AssertionError, match="not a byte left before `flush`"):
        test_conformance.TestWav().test_a_stream_can_be_heard_before_its_end(
            broken(WavFormat, KeepsAllToTheEnd)
        )


def test_a_format_that_depends_on_the_chunking_fails():
    with pytest.raises(AssertionError):
        test_conformance.TestPcm().test_any_chunking_decodes_to_the_same_audio(
            broken(PcmFormat, DropsShortChunks), "stream"
        )


def test_a_format_whose_loud_samples_wrap_around_fails():
    with pytest.raises(AssertionError):
        test_conformance.TestPcm().test_audio_beyond_full_scale_is_clipped(broken(PcmFormat, Wraps), "stream")


def test_a_format_that_writes_a_header_for_every_chunk_fails():
    class Broken(WavFormat):
        def open(self, info: StreamInfo) -> Encoder:
            return HeaderPerChunk()

    with pytest.raises(AssertionError, match="samples beyond what was fed"):
        test_conformance.TestWav().test_it_decodes_to_the_length_that_was_fed(Broken(), "stream", 24_001)


def test_encoders_that_share_their_state_fail():
    class Shared(PcmFormat):
        encoder: Encoder = KeepsAllToTheEnd(PcmEncoder(Intake(24_000, 24_000)))

        def open(self, info: StreamInfo) -> Encoder:
            return self.encoder

    with pytest.raises(AssertionError):
        test_conformance.TestPcm().test_two_encoders_that_take_turns_do_not_disturb_each_other(Shared())


def test_a_format_that_takes_any_option_fails():
    class Careless(PcmFormat):
        def open(self, info: StreamInfo) -> Encoder:
            return PcmEncoder(Intake(info.sample_rate, 24_000))

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_conformance.TestPcm().test_bitrates_out_of_range_are_refused_with_the_name_of_the_field(
            Careless()
        )
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_conformance.TestPcm().test_other_sample_rates_are_refused_with_the_name_of_the_field(Careless())


def test_a_format_that_leaves_out_the_resampling_fails():
    class Mislabelled(WavFormat):
        def open(self, info: StreamInfo) -> Encoder:
            return StreamWavEncoder(Intake(24_000, 24_000), info.output_sample_rate or 24_000)

    with pytest.raises(AssertionError, match="at 8000 Hz"):
        test_conformance.TestWav().test_it_encodes_at_every_sample_rate_that_it_names(Mislabelled())
