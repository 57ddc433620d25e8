"""Files of every kind, most of them hostile: what is read, and what is refused with which error."""

import io
import struct
import time
import zipfile
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from koe.api import UnsupportedMediaTypeError
from koe_watermark import detect
from koe_watermark.errors import AudioTooLongError, DamagedAudioError
from koe_watermark.media import CONTAINERS, MediaLimits, read_audio

from tests.plugins.watermark.speech import RATE, encoded, marked, speech, video

LIMITS = MediaLimits()
KINDS: dict[str, dict[str, Any]] = {
    "wav": {},
    "wav in 24 bits": {"codec": "pcm_s24le"},
    "wav in floats": {"codec": "pcm_f32le"},
    "mu-law": {"codec": "pcm_mulaw", "sample_rate": 8_000},
    "flac": {"container": "flac", "codec": "flac"},
    "mp3": {"container": "mp3", "codec": "libmp3lame"},
    "opus": {"container": "ogg", "codec": "libopus", "sample_rate": 48_000},
    "aac": {"container": "adts", "codec": "aac"},
    "m4a": {"container": "ipod", "codec": "aac"},
    "webm": {"container": "webm", "codec": "libopus", "sample_rate": 48_000},
    "aiff": {"container": "aiff", "codec": "pcm_s16be"},
}


def read(data, limits=LIMITS):
    return read_audio(io.BytesIO(data), 16_000, limits)


def _wav_with_size(size):
    data = bytearray(encoded(speech(0)))
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", size)
    return bytes(data)


def _zip_bomb():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("speech.wav", bytes(50_000_000))
    return held.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_this_kind_are_read_whole(kind):
    assert len(read(encoded(speech(0), **KINDS[kind]))) / 16_000 == pytest.approx(
        len(speech(0)) / RATE, abs=0.1
    )


def test_ogg_vorbis_is_read():
    held = io.BytesIO()
    soundfile.write(held, speech(0), RATE, format="OGG", subtype="VORBIS")
    assert len(read(held.getvalue())) / 16_000 == pytest.approx(len(speech(0)) / RATE, abs=0.1)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "aac"])
def test_streams_whose_header_states_no_length_are_read(kind):
    data = encoded(speech(0), **KINDS[kind], seekable=False)
    assert len(read(data)) / 16_000 == pytest.approx(len(speech(0)) / RATE, abs=0.1)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a", "aiff", "aac"])
def test_truncated_files_are_refused(kind):
    data = encoded(speech(0), **KINDS[kind])
    with pytest.raises((DamagedAudioError, UnsupportedMediaTypeError)):
        read(data[: len(data) // 2 + 7])


HOSTILE = {
    "empty": (b"", DamagedAudioError),
    "one byte": (b"R", UnsupportedMediaTypeError),
    "text": (b"Hello there.\n" * 1_000, UnsupportedMediaTypeError),
    "HTML": (b"<!doctype html><html><body>" * 100, UnsupportedMediaTypeError),
    "random bytes": (np.random.default_rng(0).bytes(200_000), UnsupportedMediaTypeError),
    "a zip bomb": (_zip_bomb(), UnsupportedMediaTypeError),
    "a gigabyte declared": (_wav_with_size(1_000_000_000), DamagedAudioError),
    "wav header alone": (encoded(speech(0))[:44], UnsupportedMediaTypeError),
    "HLS playlist": (
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        UnsupportedMediaTypeError,
    ),
    "concat list": (b"ffconcat version 1.0\nfile '/etc/passwd'\n", UnsupportedMediaTypeError),
    "DASH manifest": (
        (
            b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="p" type="static">'
            b"<Period><AdaptationSet><Representation><BaseURL>file:///etc/passwd</BaseURL>"
            b"</Representation></AdaptationSet></Period></MPD>"
        ),
        UnsupportedMediaTypeError,
    ),
    "SDP": (b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n", UnsupportedMediaTypeError),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_audio_file_is_refused(name):
    data, kind = HOSTILE[name]
    begun = time.perf_counter()
    with pytest.raises(kind):
        read(data)
    assert time.perf_counter() - begun < 2.0


def test_containers_that_open_other_files_are_not_used():
    assert not {"hls", "concat", "dash", "sdp", "rtsp", "image2", "imf", "lavfi", "tee"} & set(CONTAINERS)


def test_a_film_is_refused_and_told_how_to_take_its_sound():
    with pytest.raises(UnsupportedMediaTypeError, match="1 video tracks; send one audio track.*-vn"):
        read(video(speech(0)))


def test_a_picture_of_the_cover_is_no_film():
    held = io.BytesIO()
    picture = io.BytesIO()
    with av.open(picture, "w", format="image2pipe") as file:
        stream = file.add_stream("mjpeg", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuvj420p"
        for packet in [*stream.encode(av.VideoFrame(16, 16, "yuvj420p")), *stream.encode(None)]:
            file.mux(packet)
    mp3 = encoded(speech(0), **KINDS["mp3"])
    image = b"\0image/jpeg\0\x03\0" + picture.getvalue()
    frame = b"APIC" + struct.pack(">I", len(image)) + b"\0\0" + image
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127)) + frame
    held.write(tag + mp3)
    assert len(read(held.getvalue())) > 4 * 16_000


@pytest.mark.parametrize(
    "kind", [{"container": "flac", "codec": "flac"}, {"container": "ogg", "codec": "libopus"}, {}]
)
def test_too_long_files_are_refused_by_their_header(kind: dict[str, Any]):
    silence = np.zeros(65 * RATE, np.float32)
    data = encoded(silence, **kind, sample_rate=48_000 if kind.get("codec") == "libopus" else RATE)
    with pytest.raises(AudioTooLongError, match="states 65 s of audio; up to 60 s"):
        read(data, MediaLimits(60.0))


def test_too_long_files_that_state_nothing_are_refused_while_they_are_decoded():
    data = encoded(np.zeros(65 * RATE, np.float32), **KINDS["aac"])
    with pytest.raises(AudioTooLongError, match="holds more than 60 s of audio"):
        read(data, MediaLimits(60.0))


def test_three_hours_of_silence_are_refused_at_once():
    data = encoded(np.zeros(10_800 * RATE, np.int8), "flac", "flac")
    begun = time.perf_counter()
    with pytest.raises(AudioTooLongError):
        read(data)
    assert time.perf_counter() - begun < 2.0


def test_decoding_has_a_budget_of_processor_time():
    with pytest.raises(AudioTooLongError, match="takes more than 0 s to decode"):
        read(encoded(speech(0)), MediaLimits(600.0, 0.0))


def test_strange_sample_rates_and_channel_counts_are_refused():
    data = bytearray(encoded(speech(0)))
    at = data.index(b"fmt ")
    for channels, rate in ((1, 100), (1, 4_000_000), (30, RATE)):
        data[at + 10 : at + 12] = struct.pack("<H", channels)
        data[at + 12 : at + 16] = struct.pack("<I", rate)
        with pytest.raises((UnsupportedMediaTypeError, DamagedAudioError)):
            read(bytes(data))


def test_samples_of_float_files_are_finite():
    broken = speech(0).copy()
    broken[1_000:1_010] = np.nan
    broken[3_000] = np.inf
    assert np.isfinite(read(encoded(broken, codec="pcm_f32le"))).all()


def test_paths_and_open_files_are_read(tmp_path):
    path = tmp_path / "speech.flac"
    path.write_bytes(encoded(marked(speech(0)), "flac", "flac"))
    with path.open("rb") as file:
        assert detect(path) == detect(str(path)) == detect(file)
    assert detect(path).watermarked is True


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DamagedAudioError, match=r"nowhere\.wav cannot be read"):
        detect(tmp_path / "nowhere.wav")


@pytest.mark.parametrize("kind", ["mp3", "flac", "opus", "m4a", "wav"])
def test_files_damaged_anywhere_never_do_worse_than_an_error(kind):
    data = encoded(speech(0), **KINDS[kind])
    rng = np.random.default_rng(0)
    for _ in range(25):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 20):
            damaged[place] = rng.integers(256)
        try:
            samples = read(bytes(damaged))
        except (DamagedAudioError, UnsupportedMediaTypeError, AudioTooLongError):
            continue
        assert np.isfinite(samples).all()
