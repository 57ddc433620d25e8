"""`mp3`: what every player takes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from koe.api import AudioFormat, Encoder, StreamInfo

from koe_formats.av_encoder import AvEncoder, Recipe
from koe_formats.options import choose_bitrate, choose_sample_rate
from koe_formats.run_up import RunUp, TrimmedEncoder

MPEG1_FROM_HZ = 32_000
MPEG2_FROM_HZ = 16_000

CODEC_DELAY = 576 + 529
"""Samples by which LAME and then every layer III decoder delay."""

ID3_VERSION = "3"
"""Of the tags before the first frame, where there are any: ID3v2.3, which every player reads."""

LEAST_FRAMES = 2
"""A single frame is not enough for FFmpeg to recognise the format."""


class Mp3Format(AudioFormat):
    """MPEG audio layer III at a constant bitrate; LAME takes the nearest of the bitrates that there are.

    A whole file plays at exactly its length. A stream starts with what is left of the codec's delay without
    the frames that are silent whatever follows (529 of 1105 samples: 22 ms at 24 kHz): only a header that
    also tells the length could have players leave it out.
    """

    name = "mp3"
    media_type: ClassVar[str] = "audio/mpeg"
    extension: ClassVar[str] = "mp3"
    sample_rates: ClassVar[tuple[int, ...]] = (
        8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
    )  # fmt: skip
    bitrates: ClassVar[tuple[int, int]] = (8_000, 320_000)
    conformance: ClassVar[Mapping[str, Any]] = {
        "frame_samples": 576,
        "stream_lead_in_samples": 529,
        "stream_least_samples": LEAST_FRAMES * 576,
    }

    def __init__(self, bitrate: int = 64_000, compression_level: int = 7) -> None:
        self._bitrate = bitrate
        self._compression_level = compression_level

    def open(self, info: StreamInfo) -> Encoder:
        sample_rate = choose_sample_rate(self, info)
        bitrate = choose_bitrate(self, info, self._bitrate, _limits(sample_rate), sample_rate)
        recipe = self._recipe(info, sample_rate, bitrate)
        # The muxer completes a whole file's header itself: number of frames, codec delay and padding.
        if info.mode == "whole":
            return AvEncoder(recipe, info)
        return TrimmedEncoder(recipe, info, run_up(sample_rate))

    def _recipe(self, info: StreamInfo, sample_rate: int, bitrate: int) -> Recipe:
        whole = "1" if info.mode == "whole" else "0"
        return Recipe(
            container="mp3",
            codec="libmp3lame",
            sample_rate=sample_rate,
            sample_format="fltp",
            bitrate=bitrate,
            container_options={"write_xing": whole, "id3v2_version": ID3_VERSION if info.tags else "0"},
            # A frame that borrows no bits from the ones before it can be played as soon as it is there.
            codec_options={"reservoir": whole, "compression_level": str(self._compression_level)},
            needs_audio=True,
        )


def run_up(sample_rate: int) -> RunUp:
    """What a stream begins with. The first frame is left out where it ends before the audio begins."""
    samples = _samples_per_frame(sample_rate)
    return RunUp(samples, CODEC_DELAY, skip=CODEC_DELAY // samples, least_frames=LEAST_FRAMES)


def _limits(sample_rate: int) -> tuple[int, int]:
    """The bitrates of MPEG-1, MPEG-2 and MPEG-2.5 (ISO/IEC 11172-3, 13818-3)."""
    if sample_rate >= MPEG1_FROM_HZ:
        return 32_000, 320_000
    return 8_000, 160_000 if sample_rate >= MPEG2_FROM_HZ else 64_000


def _samples_per_frame(sample_rate: int) -> int:
    """Two granules of 576 samples in MPEG-1, one in MPEG-2 and 2.5."""
    return 1_152 if sample_rate >= MPEG1_FROM_HZ else 576
