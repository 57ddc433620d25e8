"""Against Resemble's own implementation, where torch and librosa are: each finds the other's mark."""

import asyncio
import importlib
import importlib.util
import warnings

import numpy as np
import pytest
from attrs import evolve
from koe.api import SpeechRequest
from koe.testing.build import FAKE_SETTINGS, running
from koe_espeak import EspeakPlugin
from koe_formats import FormatsPlugin
from koe_watermark import detect
from koe_watermark.fir import Filter, FilterMarker, design
from koe_watermark.perth import gains_db

RATE = 24_000
TEXT = "The old harbour lay quiet that morning, and a cold wind moved over the grey water."
SETTINGS = evolve(
    FAKE_SETTINGS,
    pipeline=evolve(FAKE_SETTINGS.pipeline, phonemize=("espeak",)),
    engine=evolve(FAKE_SETTINGS.engine, auto_order=("espeak",)),
)

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("torch", "torchaudio", "librosa")),
    reason="needs torch, torchaudio and librosa, which nothing else here does",
)


@pytest.fixture(scope="module")
def perth():
    """Upstream's watermarker; its imports warn of what they deprecate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        watermarker = importlib.import_module("perth").PerthImplicitWatermarker
        assert watermarker is not None, "perth could not import what it needs (setuptools below 82?)"
        return watermarker()


@pytest.fixture(scope="module")
def speech():
    """Of the embedded voice."""

    async def spoken():
        async with running(EspeakPlugin(), FormatsPlugin(), settings=SETTINGS) as synthesizer:
            async with synthesizer.speak(SpeechRequest(text=TEXT)) as speech:
                return [chunk async for chunk in speech.chunks()]

    chunks = asyncio.run(spoken())
    assert {chunk.sample_rate for chunk in chunks} == {RATE}
    return np.concatenate([chunk.samples for chunk in chunks])


def _filtered(samples):
    marker = FilterMarker(Filter(design(gains_db(), RATE)))
    return np.concatenate([marker.push(samples), marker.flush()])


@pytest.mark.filterwarnings("ignore")
def test_upstream_finds_the_filters_mark_and_none_without(perth, speech):
    assert float(perth.get_watermark(_filtered(speech), sample_rate=RATE)) > 0.9
    assert float(perth.get_watermark(speech, sample_rate=RATE)) < 0.3


@pytest.mark.filterwarnings("ignore")
def test_koe_finds_upstreams_mark(perth, speech):
    marked = np.asarray(perth.apply_watermark(speech, sample_rate=RATE), np.float32)
    assert detect(marked, RATE).watermarked is True


@pytest.mark.filterwarnings("ignore")
def test_the_two_marks_differ_by_less_than_40_db_below_the_speech(perth, speech):
    """Below 2 kHz: above, upstream's resampling changes what koe leaves alone."""
    upstream = np.asarray(perth.apply_watermark(speech, sample_rate=RATE), np.float32)
    length = min(len(upstream), len(speech))
    spectrum = np.fft.rfft(_filtered(speech)[:length] - upstream[:length])
    spectrum[np.fft.rfftfreq(length, 1 / RATE) >= 2_000] = 0
    difference = np.fft.irfft(spectrum, length)
    assert 10 * np.log10((difference**2).mean() / (speech**2).mean()) < -40
