"""`opus`: the smallest, in Ogg pages."""

from collections.abc import Mapping
from typing import Any, ClassVar

from koe.api import AudioFormat, Encoder, StreamInfo

from koe_formats.av_encoder import AvEncoder, Recipe
from koe_formats.options import choose_bitrate, choose_sample_rate

WHOLE_PAGE_MS = 1_000
REPEATABLE = {"fflags": "+bitexact"}
"""Serial number 0 instead of a random one: equal audio is equal bytes."""


class OpusFormat(AudioFormat):
    """Opus in Ogg. Decoders play it at 48 kHz; the sample rate says how much of the band is kept."""

    name = "opus"
    # RFC 7845 registers this name for Opus in Ogg, and players choose their demuxer by it. `audio/opus` is
    # what RFC 7587 registers for bare RTP packets. OpenAI's clients go by what they asked for.
    media_type: ClassVar[str] = "audio/ogg; codecs=opus"
    extension: ClassVar[str] = "opus"
    sample_rates: ClassVar[tuple[int, ...]] = (8_000, 12_000, 16_000, 24_000, 48_000)
    bitrates: ClassVar[tuple[int, int]] = (6_000, 256_000)
    conformance: ClassVar[Mapping[str, Any]] = {"frame_samples": 480}

    def __init__(self, bitrate: int = 32_000, compression_level: int = 10, page_ms: int = 100) -> None:
        self._bitrate = bitrate
        self._compression_level = compression_level
        self._page_ms = page_ms

    def open(self, info: StreamInfo) -> Encoder:
        sample_rate = choose_sample_rate(self, info)
        page_ms = WHOLE_PAGE_MS if info.mode == "whole" else self._page_ms
        recipe = Recipe(
            container="ogg",
            codec="libopus",
            sample_rate=sample_rate,
            sample_format="flt",
            bitrate=choose_bitrate(self, info, self._bitrate, self.bitrates, sample_rate),
            container_options={"page_duration": str(1_000 * page_ms), **REPEATABLE},
            codec_options={"compression_level": str(self._compression_level)},
            needs_audio=True,
        )
        return AvEncoder(recipe, info)
