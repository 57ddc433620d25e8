"""What can be played once so many bytes of an answer have come."""

import io
import random
from contextlib import suppress

import av
import pytest
from koe.bench.timeline import FORMATS, UnreadableAudioError, timeline

from tests.core.bench.sounds import RATE, encoded, formats, pcm, streaming_wav_header, tone


def decodable_s(body):
    """Seconds that a decoder gets out of the begin of a file."""
    try:
        with av.open(io.BytesIO(body), "r") as container:
            return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    except (av.FFmpegError, IndexError):
        return 0.0


def test_every_built_in_format_can_be_measured():
    assert set(FORMATS) == set(formats())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_all_of_an_answer_is_as_long_as_its_audio(name, mode):
    body = b"".join(encoded(name, tone(2.0), mode))
    found = timeline(name, body)
    assert found.audio_s == pytest.approx(2.0, abs=0.05)
    assert found.playable_s(len(body)) == found.audio_s
    assert found.playable_s(0) == 0


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"pcm", "vorbis"}])
def test_what_is_playable_is_what_a_decoder_gets_out_of_the_bytes_so_far(name):
    pieces = encoded(name, tone(1.0))
    found = timeline(name, b"".join(pieces))
    for count in range(1, len(pieces)):
        received = b"".join(pieces[:count])
        assert found.playable_s(len(received)) == pytest.approx(decodable_s(received), abs=0.11), count


@pytest.mark.parametrize("name", ["wav", "opus", "vorbis", "flac"])
def test_a_header_is_no_audio(name):
    body = b"".join(encoded(name, tone(1.0)))
    found = timeline(name, body)
    assert found.offsets[0] > {"wav": 44, "opus": 97, "vorbis": 3000, "flac": 86}[name]
    assert found.playable_s(int(found.offsets[0]) - 1) == 0


def test_one_sample_behind_a_wav_header_is_audio():
    found = timeline("wav", streaming_wav_header() + pcm(tone(0.5)))
    assert found.playable_s(44) == 0
    assert found.playable_s(46) == pytest.approx(1 / RATE)
    assert found.audio_s == 0.5


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "vorbis"])
def test_the_first_sound_is_behind_silence(name):
    """Vorbis puts seconds into one page."""
    found = timeline(name, b"".join(encoded(name, tone(2.0, silence_s=1.0))))
    assert found.sounds_at is not None
    assert found.playable_s(found.sounds_at) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_audio_is_timed_or_told_but_never_breaks(name):
    chance, body = random.Random(1), b"".join(encoded(name, tone(0.2)))
    for _ in range(30):
        damaged = bytearray(body[: chance.randrange(len(body))])
        for _ in range(min(len(damaged), 20)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(UnreadableAudioError):
            timeline(name, bytes(damaged))


def test_silence_has_no_first_sound():
    assert timeline("pcm", bytes(4800)).sounds_at is None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("pcm", b""),
        ("wav", b"no RIFF at all"),
        ("wav", streaming_wav_header()),
        ("wav", streaming_wav_header()[:24]),
        ("mp3", b""),
        ("mp3", b"<html>" * 100),
        ("opus", b"".join(encoded("opus", tone(0.5)))[:90]),
    ],
)
def test_what_is_no_audio_is_told(name, body):
    with pytest.raises(UnreadableAudioError):
        timeline(name, body)
