"""mp3, opus, vorbis, aac and flac, decoded by FFmpeg and by libsndfile."""

import io

import numpy as np
import pytest
import soundfile
from koe.api import StreamInfo
from koe.testing.audio import correlation, cut, decode_audio, speechlike, tone
from koe_formats.aac import AacFormat
from koe_formats.flac import FlacFormat
from koe_formats.intake import to_int16
from koe_formats.mp3 import Mp3Format, run_up
from koe_formats.opus import OpusFormat
from koe_formats.vorbis import VorbisFormat

from tests.plugins.formats.helpers import RATE, chunk, encode

SPEECH = speechlike(2 * RATE, RATE)


def ogg_pages(encoded: bytes) -> int:
    return encoded.count(b"OggS\0")


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("length", [1, 4_607, 24_001])
def test_flac_is_bit_exact(mode, length):
    encoded = encode(FlacFormat(), SPEECH[:length], mode=mode)
    decoded, _ = decode_audio(encoded)

    assert np.array_equal(to_int16(SPEECH[:length]), to_int16(decoded))


def test_a_whole_flac_says_its_length_and_a_stream_does_not():
    total = {
        mode: int.from_bytes(encode(FlacFormat(), SPEECH, mode=mode)[21:26], "big") & 0xFFFFFFFFF
        for mode in ("stream", "whole")
    }

    assert total == {"stream": 0, "whole": len(SPEECH)}


def test_flac_starts_without_kilobytes_of_padding():
    assert len(encode(FlacFormat(), SPEECH[:0])) < 200


@pytest.mark.parametrize("length", [240, 575, 24_000, 24_001, 48_000])
def test_a_whole_mp3_plays_without_the_codecs_silence_and_at_its_own_length(length):
    decoded, _ = decode_audio(encode(Mp3Format(), SPEECH[:length], mode="whole"))

    assert abs(len(decoded) - length) <= 46
    assert correlation(SPEECH[:length], decoded[:length], 0) > 0.9


def _lead_in(rate):
    """What a streamed MP3 begins with, in samples."""
    begins = run_up(rate)
    return begins.delay - begins.skip * begins.frame_samples


@pytest.mark.parametrize(("rate", "lead_in"), [(8_000, 529), (24_000, 529), (32_000, 1_105), (48_000, 1_105)])
def test_a_streamed_mp3_begins_with_what_no_frame_holds_alone(rate, lead_in):
    assert _lead_in(rate) == lead_in
    beep = tone(1_000, 0.2, RATE)
    decoded, _ = decode_audio(encode(Mp3Format(), beep, output_sample_rate=rate))

    assert np.flatnonzero(np.abs(decoded) > 0.25)[0] == pytest.approx(lead_in, abs=rate * 0.003)


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
@pytest.mark.parametrize("length", [2_400, 24_000, 24_001, 24_300])
def test_a_streamed_mp3_ends_with_the_frame_of_its_last_sample(rate, length):
    decoded, _ = decode_audio(encode(Mp3Format(), SPEECH[:length], output_sample_rate=rate))

    frame = 1_152 if rate >= 32_000 else 576
    excess = len(decoded) - round(length * rate / RATE) - _lead_in(rate)
    assert 0 <= excess < frame


def test_frames_of_a_streamed_mp3_stand_alone():
    """Without the bit reservoir a stream joined in its middle decodes from the next frame on."""
    encoded = encode(Mp3Format(), SPEECH)
    frame_bytes = 72 * 64_000 // RATE
    joined, _ = decode_audio(encoded[10 * frame_bytes :])
    whole, _ = decode_audio(encoded)

    # Two frames: one overlaps with what was cut off, one for the filter bank to settle.
    assert np.abs(joined[2 * 576 :] - whole[12 * 576 :]).max() < 1e-4


def test_an_mp3_is_frames_from_its_first_byte_on():
    for mode in ("stream", "whole"):
        assert encode(Mp3Format(), SPEECH, mode=mode)[0] == 0xFF


@pytest.mark.parametrize(
    ("audio_format", "mode", "beyond"),
    [
        (Mp3Format(), "stream", 529 + 576),
        (Mp3Format(), "whole", 0),
        (VorbisFormat(), "stream", 0),
        (VorbisFormat(), "whole", 0),
        # libsndfile reads no FLAC whose header leaves the length open, whoever made it.
        (FlacFormat(), "whole", 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_second_decoder_agrees_on_the_length(audio_format, mode, beyond):
    decoded, rate = soundfile.read(io.BytesIO(encode(audio_format, SPEECH, mode=mode)))

    assert rate == RATE
    assert 0 <= len(decoded) - len(SPEECH) <= beyond


@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_opus_is_exactly_as_long_as_what_was_fed(mode):
    for length in (1, 479, 480, 481, 24_001):
        decoded, rate = decode_audio(encode(OpusFormat(), SPEECH[:length], mode=mode))

        assert (rate, 2 * length) == (48_000, len(decoded))


@pytest.mark.parametrize(
    ("audio_format", "seconds"),
    [
        (Mp3Format(), 0.15),
        (AacFormat(), 0.15),
        (FlacFormat(), 0.2),
        (OpusFormat(), 0.35),
        (VorbisFormat(), 1.5),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_stream_starts_to_sound_after_so_many_seconds_of_input(audio_format, seconds):
    encoder = audio_format.open(StreamInfo(RATE))
    early = b"".join(encoder.feed(piece) for piece in cut(SPEECH[: round(seconds * RATE)], RATE, 1_200))
    encoder.close()

    decoded, _ = decode_audio(early)
    assert np.abs(decoded).max() > 0.01


@pytest.mark.parametrize("audio_format", [Mp3Format(), OpusFormat(), AacFormat()], ids=lambda f: f.name)
def test_a_higher_bitrate_makes_more_bytes(audio_format):
    sizes = [len(encode(audio_format, SPEECH, bitrate=rate)) for rate in (16_000, 32_000, 64_000, 128_000)]

    assert sizes == sorted(sizes)
    assert sizes[-1] > 3 * sizes[0]


def test_mp3_has_the_bitrate_that_was_asked_for():
    encoded = encode(Mp3Format(), SPEECH, bitrate=32_000)

    assert 8 * len(encoded) / 2.0 == pytest.approx(32_000, rel=0.05)


@pytest.mark.parametrize(
    "audio_format",
    [Mp3Format(), OpusFormat(), VorbisFormat(), AacFormat(), FlacFormat()],
    ids=lambda f: f.name,
)
def test_audio_that_is_not_finite_is_an_error_and_the_encoder_still_closes(audio_format):
    encoder = audio_format.open(StreamInfo(RATE))

    with pytest.raises(ValueError, match="not finite"):
        encoder.feed(chunk(np.full(4_800, np.inf, np.float32)))
    encoder.close()


def test_minutes_of_vorbis_in_one_chunk_do_not_overflow_the_stack():
    samples = np.tile(SPEECH, 150)
    encoder = VorbisFormat().open(StreamInfo(RATE))
    encoded = encoder.feed(chunk(samples)) + encoder.flush()

    assert soundfile.info(io.BytesIO(encoded)).frames == len(samples)


def test_one_response_is_one_ogg_stream():
    encoded = encode(OpusFormat(), SPEECH)

    assert encoded.count(b"OpusHead") == 1
    assert ogg_pages(encode(OpusFormat(page_ms=20), SPEECH)) > 3 * ogg_pages(encoded)
