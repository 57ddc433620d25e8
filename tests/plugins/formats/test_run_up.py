"""Streamed MP3 and AAC are as long as the audio to within one frame, wherever its ends are silent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from koe.api import AudioChunk, StreamInfo
from koe.testing.audio import decode_audio, speechlike, tone
from koe_formats.aac import AacFormat
from koe_formats.mp3 import Mp3Format
from koe_formats.run_up import RunUp

RATE = 24_000
FORMATS = {"mp3": (Mp3Format(), 576), "aac": (AacFormat(), 1_024)}
LEAD_S, TAIL_S = 0.015, 0.035
"""What the pipeline leaves of the silence around speech."""


def _encoded(audio_format, samples, cuts=()):
    encoder = audio_format.open(StreamInfo(RATE))
    pieces = np.split(np.asarray(samples, np.float32), sorted(cuts))
    encoded = b"".join([*(encoder.feed(AudioChunk(piece, RATE)) for piece in pieces), encoder.flush()])
    encoder.close()
    return encoded


def _spoken(length):
    """Sound with little silence around it."""
    lead, tail = np.zeros(round(LEAD_S * RATE)), np.zeros(round(TAIL_S * RATE))
    return np.concatenate([lead, speechlike(length, RATE), tail]).astype(np.float32)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(length=st.integers(2_000, 30_000))
def test_speech_is_longer_by_less_than_one_frame_and_never_shorter(name, length):
    audio_format, frame = FORMATS[name]
    samples = _spoken(length)
    decoded, _ = decode_audio(_encoded(audio_format, samples))
    assert 0 <= len(decoded) - len(samples) <= frame


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 9_000), max_size=12))
def test_any_chunking_gives_the_same_bytes(name, cuts):
    audio_format, _ = FORMATS[name]
    samples = _spoken(8_000)
    assert _encoded(audio_format, samples, cuts) == _encoded(audio_format, samples)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("silence_s", [0.0, 0.005, 0.015, 0.0426, 0.0427, 0.1, 0.5])
def test_the_first_sound_is_whole_however_little_silence_is_before_it(name, silence_s):
    """The first 20 ms of an abrupt tone: the error is far below the tone."""
    audio_format, _ = FORMATS[name]
    silence, beep = np.zeros(round(silence_s * RATE)), tone(1_000, 0.3, RATE)
    decoded, _ = decode_audio(_encoded(audio_format, np.concatenate([silence, beep])))
    first = beep[: RATE // 50]
    window = decoded[: len(silence) + 1_200 + len(first)]
    scores = [
        np.square(window[at : at + len(first)] - first).sum() for at in range(len(window) - len(first) + 1)
    ]
    assert 10 * np.log10(min(scores) / np.square(first).sum()) < -13


@pytest.mark.parametrize("name", FORMATS)
def test_aloud_to_the_very_end_nothing_is_left_out(name):
    audio_format, frame = FORMATS[name]
    for length in range(12_000, 13_100, 50):
        samples = tone(700, length / RATE, RATE)
        decoded, _ = decode_audio(_encoded(audio_format, samples))
        assert 0 <= len(decoded) - len(samples) <= 2 * frame
        lead_in = np.flatnonzero(np.abs(decoded) > 0.1)[0]
        assert np.abs(decoded[lead_in + len(samples) - 240 : lead_in + len(samples) - 30]).max() > 0.3


def test_a_silent_last_frame_is_left_out_only_where_the_file_gets_too_long():
    run_up = RunUp(100, delay=150, skip=1)
    assert run_up.frames(1_000, 1_000, 0) == 11
    assert run_up.frames(1_000, 1_000, 49) == 11
    assert run_up.frames(1_040, 1_040, 90) == 11
    assert run_up.frames(1_060, 1_060, 9) == 12
    assert run_up.frames(1_060, 1_060, 10) == 11
    assert RunUp(100, delay=0, skip=0, least_frames=2).frames(1, 1, 1) == 2


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("length", [0, 1, 100, 1_023, 1_024, 1_025, 5_000])
def test_silence_alone_is_a_file_of_silence(name, length):
    audio_format, frame = FORMATS[name]
    decoded, _ = decode_audio(_encoded(audio_format, np.zeros(length, np.float32)))
    assert np.abs(decoded).max() < 0.001
    assert len(decoded) <= max(3 * frame, length + frame)
