"""The plugin's entry point."""

from koe.api import AudioFormat, Plugin, hookimpl

from koe_formats.aac import AacFormat
from koe_formats.config import FormatsConfig
from koe_formats.flac import FlacFormat
from koe_formats.mp3 import Mp3Format
from koe_formats.opus import OpusFormat
from koe_formats.pcm import PcmFormat, WavFormat
from koe_formats.vorbis import VorbisFormat


class FormatsPlugin(Plugin):
    """Registers the built-in response formats."""

    Config = FormatsConfig

    def __init__(self, config: FormatsConfig | None = None) -> None:
        super().__init__(FormatsConfig() if config is None else config)

    @hookimpl
    def register_formats(self) -> list[AudioFormat]:
        config = self.config
        return [
            Mp3Format(config.mp3_bitrate, config.mp3_compression_level),
            OpusFormat(config.opus_bitrate, config.opus_compression_level, config.opus_page_ms),
            VorbisFormat(config.vorbis_quality),
            AacFormat(config.aac_bitrate),
            FlacFormat(),
            WavFormat(),
            PcmFormat(config.pcm_sample_rate),
        ]
