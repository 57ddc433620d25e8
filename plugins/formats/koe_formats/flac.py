"""`flac`: lossless, half the size of `wav`."""

from typing import ClassVar

from koe.api import AudioFormat, Encoder, StreamInfo

from koe_formats.av_encoder import AvEncoder, Recipe
from koe_formats.options import choose_sample_rate, refuse_bitrate


class FlacFormat(AudioFormat):
    """FLAC of 16-bit mono samples."""

    name = "flac"
    media_type: ClassVar[str] = "audio/flac"
    extension: ClassVar[str] = "flac"
    lossless: ClassVar[bool] = True

    def open(self, info: StreamInfo) -> Encoder:
        refuse_bitrate(self, info)
        recipe = Recipe(
            container="flac",
            codec="flac",
            sample_rate=choose_sample_rate(self, info),
            sample_format="s16",
            # The muxer would put 8 kB of room for tags in front of every answer.
            container_options={"metadata_header_padding": "0"},
        )
        return AvEncoder(recipe, info)
