"""The caller's `sample_rate` and `bitrate`."""

import re

import numpy as np
import pytest
from koe.api import StreamInfo, UnsupportedFormatError
from koe.testing.audio import decode_audio, tone
from koe_formats.aac import AacFormat
from koe_formats.flac import FlacFormat
from koe_formats.mp3 import Mp3Format
from koe_formats.opus import OpusFormat
from koe_formats.pcm import PcmFormat, WavFormat
from koe_formats.vorbis import VorbisFormat

from tests.plugins.formats.helpers import encode


@pytest.mark.parametrize("make", [Mp3Format, VorbisFormat, AacFormat, FlacFormat, WavFormat])
@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_without_a_wish_the_engines_own_rate_stays(make, rate):
    assert decode_audio(encode(make(), tone(440, 0.5, rate), rate=rate))[1] == rate


@pytest.mark.parametrize("make", [Mp3Format, VorbisFormat, AacFormat, FlacFormat, WavFormat])
@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_the_wish_is_what_the_file_says_and_what_it_plays(make, mode, rate):
    encoded = encode(make(), tone(1_000, 1.0, 24_000), mode=mode, output_sample_rate=rate)
    decoded, decoded_rate = decode_audio(encoded)

    peak = np.argmax(np.abs(np.fft.rfft(decoded))) * decoded_rate / len(decoded)
    assert decoded_rate == rate
    assert peak == pytest.approx(1_000, rel=0.01)


def test_a_rate_that_the_codec_lacks_becomes_the_next_one_above_it():
    """22050 Hz Opus keeps the band of 24000 Hz, and 96000 Hz takes the highest there is."""
    for native, head in ((22_050, 24_000), (96_000, 48_000)):
        encoded = encode(OpusFormat(), tone(440, 0.5, native), rate=native)

        start = encoded.index(b"OpusHead")
        assert int.from_bytes(encoded[start + 12 : start + 16], "little") == head
        assert len(decode_audio(encoded)[0]) / 48_000 == pytest.approx(0.5, abs=0.001)


def test_pcm_is_24_khz_whatever_the_engine_speaks_at():
    assert len(encode(PcmFormat(), tone(440, 1.0, 22_050), rate=22_050)) == 2 * 24_000


def test_pcm_takes_a_wish_for_another_rate():
    assert len(encode(PcmFormat(), tone(440, 1.0, 24_000), output_sample_rate=8_000)) == 2 * 8_000


@pytest.mark.parametrize("make", [Mp3Format, AacFormat])
def test_the_message_names_format_value_and_all_that_is_allowed(make):
    with pytest.raises(UnsupportedFormatError) as refused:
        make().open(StreamInfo(24_000, output_sample_rate=12_345))

    name = make.name
    assert refused.value.message == (
        f"Format '{name}' cannot be made with sample_rate 12345; it takes one of "
        "8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000 Hz"
    )


@pytest.mark.parametrize("make", [WavFormat, PcmFormat, FlacFormat, VorbisFormat])
def test_formats_of_any_rate_name_their_range(make):
    with pytest.raises(UnsupportedFormatError, match=re.escape("it takes any from 8000 to 48000 Hz")):
        make().open(StreamInfo(24_000, output_sample_rate=96_000))


@pytest.mark.parametrize("make", [WavFormat, PcmFormat, FlacFormat, VorbisFormat])
def test_formats_without_a_bitrate_say_to_leave_it_out(make):
    with pytest.raises(UnsupportedFormatError, match="none: leave it out"):
        make().open(StreamInfo(24_000, bitrate=64_000))


@pytest.mark.parametrize(
    ("make", "rate", "bitrate", "highest"),
    [
        (Mp3Format, 8_000, 96_000, 64_000),
        (Mp3Format, 24_000, 192_000, 160_000),
        (AacFormat, 8_000, 64_000, 48_000),
        (AacFormat, 24_000, 160_000, 144_000),
    ],
)
def test_bitrates_that_the_sample_rate_rules_out_are_refused_with_its_limit(make, rate, bitrate, highest):
    message = f"bitrate {bitrate}; it takes any from 8000 to {highest} bit/s at a sample rate of {rate} Hz"
    with pytest.raises(UnsupportedFormatError, match=re.escape(message)):
        make().open(StreamInfo(24_000, output_sample_rate=rate, bitrate=bitrate))


def test_mp3_of_a_high_rate_refuses_a_bitrate_that_only_low_rates_have():
    with pytest.raises(UnsupportedFormatError, match="from 32000 to 320000"):
        Mp3Format().open(StreamInfo(24_000, output_sample_rate=44_100, bitrate=16_000))


@pytest.mark.parametrize(
    ("make", "rate", "highest"), [(AacFormat, 8_000, 48_000), (Mp3Format, 8_000, 64_000)]
)
def test_a_default_above_what_the_sample_rate_allows_is_lowered(make, rate, highest):
    audio = tone(440, 2.0, 24_000)
    by_default = encode(make(144_000), audio, output_sample_rate=rate)
    asked_for = encode(make(), audio, output_sample_rate=rate, bitrate=highest)

    assert len(by_default) == len(asked_for)
