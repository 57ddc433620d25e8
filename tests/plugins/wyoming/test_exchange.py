"""Samples become 16-bit audio exactly as koe's format `pcm` makes them."""

import numpy as np
import pytest
from koe.errors import StageError
from koe.types import AudioChunk, StreamInfo
from koe_formats.pcm import PcmFormat
from koe_wyoming.exchange import to_pcm


def test_rounding_and_clipping_are_those_of_the_pcm_format():
    random = np.random.default_rng(5).uniform(-1.2, 1.2, 20_000).astype(np.float32)
    edges = np.array([-2, -1, -32767.5 / 32768, -0.5 / 32768, 0, 0.5 / 32768, 1.5 / 32768, 1, 2], np.float32)
    chunk = AudioChunk(np.concatenate([edges, random]), 24_000)
    encoder = PcmFormat().open(StreamInfo(24_000))
    assert encoder.feed(chunk) + encoder.flush() == to_pcm(chunk)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_an_error(value):
    with pytest.raises(StageError, match="not finite"):
        to_pcm(AudioChunk(np.array([0.0, value], np.float32), 24_000))
