"""The plugin: what it registers, and that every key of its config does something."""

import subprocess
import sys

import pytest
from attrs import fields
from koe.testing.audio import speechlike
from koe_formats import FormatsConfig, FormatsPlugin

from tests.plugins.formats.helpers import RATE, encode

SPEECH = speechlike(2 * RATE, RATE)

CHANGES = [
    ("mp3", "mp3_bitrate", 32_000),
    ("mp3", "mp3_compression_level", 2),
    ("opus", "opus_bitrate", 64_000),
    ("opus", "opus_compression_level", 0),
    ("opus", "opus_page_ms", 20),
    ("aac", "aac_bitrate", 32_000),
    ("vorbis", "vorbis_quality", 0.9),
    ("pcm", "pcm_sample_rate", 16_000),
]


def encoded_with(name: str, config: FormatsConfig) -> bytes:
    formats = {audio_format.name: audio_format for audio_format in FormatsPlugin(config).register_formats()}
    return encode(formats[name], SPEECH)


def test_it_registers_seven_formats_with_what_http_says_of_them():
    registered = {f.name: (f.media_type, f.extension, f.lossless) for f in FormatsPlugin().register_formats()}

    assert registered == {
        "mp3": ("audio/mpeg", "mp3", False),
        "opus": ("audio/ogg; codecs=opus", "opus", False),
        "vorbis": ("audio/ogg; codecs=vorbis", "ogg", False),
        "aac": ("audio/aac", "aac", False),
        "flac": ("audio/flac", "flac", True),
        "wav": ("audio/wav", "wav", True),
        "pcm": ("audio/pcm", "pcm", True),
    }


@pytest.mark.parametrize(("name", "key", "value"), CHANGES)
def test_every_key_changes_the_bytes_of_its_format(name, key, value):
    default = encoded_with(name, FormatsConfig())
    changed = encoded_with(name, FormatsConfig(**{key: value}))

    assert default != changed
    assert default == encoded_with(name, FormatsConfig())


def test_no_key_is_left_untested():
    assert {key for _, key, _ in CHANGES} == {field.name for field in fields(FormatsConfig)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mp3_bitrate", 7_999),
        ("mp3_compression_level", 10),
        ("opus_bitrate", 256_001),
        ("opus_compression_level", -1),
        ("opus_page_ms", 0),
        ("aac_bitrate", 0),
        ("vorbis_quality", 1.1),
        ("pcm_sample_rate", 7_999),
    ],
)
def test_values_out_of_range_are_refused(key, value):
    with pytest.raises(ValueError, match=key):
        FormatsConfig(**{key: value})


def test_loading_the_plugin_imports_no_codec_library():
    code = """
import sys
from koe_formats import FormatsPlugin
FormatsPlugin().register_formats()
sys.exit(sorted({"av", "soundfile", "soxr"} & set(sys.modules)) or 0)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
