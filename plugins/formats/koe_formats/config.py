"""`[plugins.formats]`."""

from attrs import field, frozen
from attrs.validators import ge, le


@frozen
class FormatsConfig:
    """What answers sound like that do not ask for anything particular.

    Attributes:
        mp3_bitrate: in bit/s, when a request names none; lowered to what the sample rate allows.
        mp3_compression_level: LAME's effort, 0 (most) to 9 (least). On synthetic speech 7 took half the time
            of FFmpeg's default (4.2 ms for a second), at 25 instead of 23 dB signal-to-noise ratio and a
            spectral distance of 4.0 instead of 3.2 dB.
        opus_bitrate: in bit/s, when a request names none.
        opus_compression_level: effort, 0 (fastest) to 10 (best). Below 7 Opus overshoots its bitrate.
        opus_page_ms: milliseconds of audio in an Ogg page of a stream: shorter pages start to sound earlier
            and cost more bytes (20 ms: a quarter more).
        aac_bitrate: in bit/s, when a request names none; lowered to what the sample rate allows.
        vorbis_quality: 0 (smallest) to 1 (best); Vorbis has no bitrate to choose.
        pcm_sample_rate: of `pcm` in Hz, when a request names none. Clients cannot see it in headerless
            audio and take 24000 for granted, whatever the engine speaks at.
    """

    mp3_bitrate: int = field(default=64_000, validator=[ge(8_000), le(320_000)])
    mp3_compression_level: int = field(default=7, validator=[ge(0), le(9)])
    opus_bitrate: int = field(default=32_000, validator=[ge(6_000), le(256_000)])
    opus_compression_level: int = field(default=10, validator=[ge(0), le(10)])
    opus_page_ms: int = field(default=100, validator=[ge(20), le(1_000)])
    aac_bitrate: int = field(default=64_000, validator=[ge(8_000), le(288_000)])
    vorbis_quality: float = field(default=0.4, validator=[ge(0.0), le(1.0)])
    pcm_sample_rate: int = field(default=24_000, validator=[ge(8_000), le(48_000)])
