"""`pcm` and `wav`, byte by byte."""

import io
import subprocess
import sys
import wave

import numpy as np
import pytest
from koe.api import StreamInfo
from koe.testing.audio import decode_audio, speechlike, tone
from koe_formats.intake import to_int16
from koe_formats.pcm import UNKNOWN_SIZE, PcmFormat, WavFormat, wav_header

from tests.plugins.formats.helpers import chunk, encode

SAMPLES = speechlike(24_001, 24_000)


@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_pcm_is_the_samples_and_nothing_else(mode):
    assert encode(PcmFormat(), SAMPLES, mode=mode) == to_int16(SAMPLES).tobytes()


def test_pcm_of_nothing_is_nothing():
    assert encode(PcmFormat(), SAMPLES[:0]) == b""


@pytest.mark.parametrize("length", [0, 1, 240, 24_001])
def test_a_whole_wav_is_read_by_the_standard_library_to_the_last_sample(length):
    with wave.open(io.BytesIO(encode(WavFormat(), SAMPLES[:length], mode="whole"))) as file:
        assert (1, 2, 24_000, length) == file.getparams()[:4]
        assert file.readframes(length + 1) == to_int16(SAMPLES[:length]).tobytes()


def test_the_header_of_a_whole_wav_counts_every_byte():
    encoded = encode(WavFormat(), SAMPLES, mode="whole")

    assert int.from_bytes(encoded[4:8], "little") == len(encoded) - 8
    assert int.from_bytes(encoded[40:44], "little") == len(encoded) - 44


def test_a_whole_wav_says_the_sample_rate_that_was_asked_for():
    encoded = encode(WavFormat(), SAMPLES, mode="whole", output_sample_rate=8_000)
    with wave.open(io.BytesIO(encoded)) as file:
        assert file.getframerate() == 8_000
        assert file.getnframes() == 8_000


def test_a_streamed_wav_leaves_its_length_open_and_plays_to_the_end():
    encoded = encode(WavFormat(), SAMPLES)
    decoded, rate = decode_audio(encoded)

    assert int.from_bytes(encoded[4:8], "little") == UNKNOWN_SIZE
    assert int.from_bytes(encoded[40:44], "little") == UNKNOWN_SIZE
    assert rate == 24_000
    assert np.array_equal(to_int16(SAMPLES), to_int16(decoded))


def test_a_streamed_wav_has_one_header_and_it_leaves_with_the_first_chunk():
    encoder = WavFormat().open(StreamInfo(24_000))
    first, second = encoder.feed(chunk(SAMPLES[:480])), encoder.feed(chunk(SAMPLES[480:960]))

    assert first == wav_header(24_000, None) + to_int16(SAMPLES[:480]).tobytes()
    assert second == to_int16(SAMPLES[480:960]).tobytes()
    assert encoder.flush() == b""


def test_more_than_the_header_can_count_is_left_open():
    assert wav_header(24_000, 1 << 32)[40:44] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("make", [WavFormat, PcmFormat])
def test_audio_that_is_not_finite_is_an_error_and_not_noise(make):
    encoder = make().open(StreamInfo(24_000))

    with pytest.raises(ValueError, match="not finite"):
        encoder.feed(chunk(np.full(10, np.nan, np.float32)))


def test_uncompressed_formats_need_neither_av_nor_soundfile():
    code = """
import sys
import numpy as np
from koe.api import AudioChunk, StreamInfo
from koe_formats import FormatsPlugin
for audio_format in FormatsPlugin().register_formats():
    if audio_format.name in ("wav", "pcm"):
        encoder = audio_format.open(StreamInfo(24_000))
        encoder.feed(AudioChunk(np.zeros(480, np.float32), 24_000))
        encoder.flush()
sys.exit(sorted({"av", "soundfile", "soxr"} & set(sys.modules)) or 0)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_loud_tone_is_cut_off_at_full_scale():
    loud = tone(300, 0.1, 24_000, peak=1.8)
    values = np.frombuffer(encode(PcmFormat(), loud), "<i2")

    assert (values.min(), values.max()) == (-32_768, 32_767)
    assert np.all(values[loud >= 1.0] == 32_767)
