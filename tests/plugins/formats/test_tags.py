"""What a file says of itself, as another reader finds it."""

import io
import wave

import av
import mutagen
import numpy as np
import pytest
from koe.api import AudioChunk, StreamInfo
from koe.testing.audio import decode_audio, speechlike
from koe_formats.aac import AacFormat
from koe_formats.flac import FlacFormat
from koe_formats.mp3 import Mp3Format
from koe_formats.opus import OpusFormat
from koe_formats.pcm import PcmFormat, WavFormat
from koe_formats.tags import TAGS
from koe_formats.vorbis import VorbisFormat

RATE = 24_000
SPEECH = speechlike(RATE, RATE)
TAGGED = [WavFormat(), Mp3Format(), FlacFormat(), OpusFormat(), VorbisFormat()]
WRITTEN = {"encoded_by": "koe 9.8.7", "comment": "voice=Łódź; request=abc", "title": "日本"}


def encode(audio_format, mode="stream", tags=WRITTEN):
    encoder = audio_format.open(StreamInfo(RATE, mode=mode, tags=tags))
    encoded = encoder.feed(AudioChunk(SPEECH, RATE)) + encoder.flush()
    encoder.close()
    return encoded


def read(encoded):
    """All tags of the container and its stream, by lower-case name."""
    with av.open(io.BytesIO(encoded)) as container:
        found = {**container.streams.audio[0].metadata, **container.metadata}
    return {name.lower(): text for name, text in found.items()}


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("audio_format", TAGGED, ids=lambda one: one.name)
def test_the_tags_are_in_the_file(audio_format, mode):
    found = read(encode(audio_format, mode))
    assert found["comment"] == WRITTEN["comment"]
    assert found["title"] == WRITTEN["title"]
    if audio_format.name == "vorbis":
        assert found["software"].startswith("koe 9.8.7 (libsndfile")
    else:
        assert found["encoded_by"] == "koe 9.8.7"


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("audio_format", [*TAGGED, AacFormat(), PcmFormat()], ids=lambda one: one.name)
def test_the_audio_is_the_same_with_tags(audio_format, mode):
    plain, tagged = encode(audio_format, mode, {}), encode(audio_format, mode)
    if audio_format.name in {"pcm", "aac"}:
        assert plain == tagged
    else:
        assert np.array_equal(decode_audio(plain)[0], decode_audio(tagged)[0])


@pytest.mark.parametrize("audio_format", [Mp3Format(), FlacFormat(), OpusFormat()], ids=lambda one: one.name)
def test_a_second_reader_finds_them_too(audio_format):
    found = mutagen.File(io.BytesIO(encode(audio_format, "whole"))).pprint()
    assert "voice=Łódź; request=abc" in found
    assert "koe 9.8.7" in found


def test_a_whole_wav_still_states_its_length():
    with wave.open(io.BytesIO(encode(WavFormat(), "whole"))) as wav:
        assert wav.getnframes() == RATE
    assert len(encode(WavFormat(), "whole")) % 2 == 0


def test_without_tags_a_wav_header_has_44_bytes():
    assert len(encode(WavFormat(), tags={})) == 44 + 2 * RATE


def test_names_without_a_place_and_empty_texts_are_left_out():
    assert encode(FlacFormat(), tags={"mood": "fine", "title": " "}) == encode(FlacFormat(), tags={})


@pytest.mark.parametrize("name", TAGS)
def test_line_breaks_become_spaces(name):
    found = read(encode(WavFormat(), tags={name: "one\ntwo\r\n three"}))
    assert found[name] == "one two three"
