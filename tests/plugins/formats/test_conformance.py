"""Every built-in format through the conformance class that third parties use."""

import numpy as np
import pytest
from koe.api import AudioFormat, Samples
from koe.testing.conformance.formats import AudioFormatConformance
from koe_formats.aac import AacFormat
from koe_formats.flac import FlacFormat
from koe_formats.mp3 import Mp3Format
from koe_formats.opus import OpusFormat
from koe_formats.pcm import PcmFormat, WavFormat
from koe_formats.vorbis import VorbisFormat


class TestWav(AudioFormatConformance):
    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return WavFormat()


class TestFlac(AudioFormatConformance):
    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return FlacFormat()


class TestPcm(AudioFormatConformance):
    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return PcmFormat()

    def decode(self, encoded: bytes) -> tuple[Samples, int]:
        return self._decode_at(encoded, self.sample_rate)

    def _decode_at(self, encoded: bytes, sample_rate: int) -> tuple[Samples, int]:
        return np.frombuffer(encoded, "<i2").astype(np.float32) / np.float32(32_768), sample_rate


class TestMp3(AudioFormatConformance):
    frame_samples = 576
    stream_lead_in_samples = 529
    stream_least_samples = 2 * 576

    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return Mp3Format()


class TestOpus(AudioFormatConformance):
    frame_samples = 480

    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return OpusFormat()


class TestVorbis(AudioFormatConformance):
    frame_samples = 1_024

    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return VorbisFormat()


class TestAac(AudioFormatConformance):
    frame_samples = 1_024
    stream_lead_in_samples = 1_024
    whole_lead_in_samples = 1_024
    stream_least_samples = 3 * 1_024
    whole_least_samples = 3 * 1_024

    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        return AacFormat()
