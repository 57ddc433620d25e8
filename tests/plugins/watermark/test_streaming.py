"""However the audio comes, the marked signal is the same."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from koe.api import AudioChunk, StreamInfo
from koe.testing.audio import speechlike
from koe_watermark import WatermarkConfig
from koe_watermark.processor import Watermark
from koe_watermark.schemes import load_schemes

CONFIG = WatermarkConfig()
PROCESSOR = Watermark(load_schemes(CONFIG), CONFIG)
SECONDS = 12
SPEECH = speechlike(SECONDS * 24_000, 24_000)


def _marked(samples, pieces: Sequence[float], sample_rate=24_000):
    """In pieces of so many seconds, over and over."""
    stream = PROCESSOR.open(StreamInfo(sample_rate))
    made, start, turn = [], 0, 0
    while start < len(samples):
        length = max(1, round(pieces[turn % len(pieces)] * sample_rate))
        made.append(stream.process(AudioChunk(samples[start : start + length], sample_rate)).samples)
        start, turn = start + length, turn + 1
    rest = stream.flush()
    return np.concatenate([*made, *([] if rest is None else [rest.samples])])


WHOLE = _marked(SPEECH, [SECONDS])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.02, 10.0), min_size=1, max_size=12))
def test_pieces_from_20_ms_to_10_s_give_the_samples_of_the_whole(pieces):
    marked = _marked(SPEECH, pieces)
    assert len(marked) == len(SPEECH)
    assert np.abs(marked - WHOLE).max() < 1e-6


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
    st.lists(st.floats(0.0001, 0.5), min_size=1, max_size=12),
    st.integers(1, 20_000),
)
def test_so_do_pieces_of_a_few_samples_at_other_rates(sample_rate, pieces, length):
    speech = speechlike(length, sample_rate)
    marked = _marked(speech, pieces, sample_rate)
    assert len(marked) == len(speech)
    assert np.abs(marked - _marked(speech, [100.0], sample_rate)).max() < 1e-6


@pytest.mark.parametrize("sample_rate", [8_000, 24_000, 48_000])
def test_the_first_audio_waits_for_43_ms_and_no_more(sample_rate):
    stream = PROCESSOR.open(StreamInfo(sample_rate))
    given_s = 0.0
    piece = AudioChunk(speechlike(sample_rate // 1_000, sample_rate), sample_rate)
    while not len(stream.process(piece).samples):
        given_s += piece.seconds
    assert 0.042 <= given_s <= 0.043


def test_the_mark_is_there_at_all():
    difference = WHOLE - SPEECH
    level = 10 * np.log10((difference**2).mean() / (SPEECH**2).mean())
    assert -25 < level < -8
