"""Pitch, rate and volume with a model of Kokoro's shape, and with espeak-ng's voice."""

import numpy as np
import pytest
from attrs import evolve
from koe.kokoro.config import KokoroConfig
from koe.kokoro.plugin import KokoroPlugin
from koe.settings import EngineSettings, PipelineSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.tiny_model import write_tiny_model
from koe_espeak import EspeakConfig, EspeakPlugin

from tests.plugins.ssml.helpers import fundamental_hz, heard

KOKORO = evolve(
    FAKE_SETTINGS,
    engine=EngineSettings(auto_order=("kokoro",)),
    pipeline=PipelineSettings(phonemize=("letters",)),
)
ESPEAK = evolve(
    FAKE_SETTINGS,
    engine=EngineSettings(auto_order=("espeak",)),
    pipeline=PipelineSettings(phonemize=("espeak",)),
)
SENTENCE = "We were away a year ago, we all rowed along"


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory):
    return KokoroPlugin(
        KokoroConfig(dir=str(write_tiny_model(tmp_path_factory.mktemp("tiny"), frames_per_token=20).dir))
    )


async def _kokoro(kokoro, attributes):
    document = f"<speak><prosody {attributes}>{'a' * 8}</prosody></speak>"
    return await heard(document, kokoro, settings=KOKORO)


@pytest.mark.parametrize("semitones", [-8, -3, 4, 9])
async def test_kokoro_is_higher_and_as_long(kokoro, semitones):
    plain = await _kokoro(kokoro, 'pitch="+0st"')
    shifted = await _kokoro(kokoro, f'pitch="{semitones:+}st"')
    middle = slice(len(plain.samples) // 4, len(plain.samples) // 2)
    ratio = _strongest_hz(shifted.samples[middle]) / _strongest_hz(plain.samples[middle])
    assert ratio == pytest.approx(2 ** (semitones / 12), rel=0.02)
    assert shifted.seconds == pytest.approx(plain.seconds, rel=0.04)


async def test_kokoro_is_slower_and_softer(kokoro):
    plain = await _kokoro(kokoro, 'rate="100%"')
    slow = await _kokoro(kokoro, 'rate="50%" volume="-6dB"')
    assert slow.seconds == pytest.approx(2 * plain.seconds, rel=0.04)
    assert slow.level_db == pytest.approx(plain.level_db - 6, abs=0.5)


async def _espeak(attributes):
    document = f'<speak xml:lang="en-US"><prosody {attributes}>{SENTENCE}</prosody></speak>'
    return await heard(document, EspeakPlugin(EspeakConfig()), settings=ESPEAK)


@pytest.mark.parametrize("semitones", [-5, 5])
async def test_espeak_is_higher_and_as_long(semitones):
    plain, shifted = await _espeak('pitch="+0st"'), await _espeak(f'pitch="{semitones:+}st"')
    assert _median_hz(shifted) / _median_hz(plain) == pytest.approx(2 ** (semitones / 12), rel=0.06)
    assert shifted.seconds == pytest.approx(plain.seconds, rel=0.05)


@pytest.mark.parametrize("rate", [0.5, 2.0])
async def test_espeak_is_faster_and_as_high(rate):
    plain, changed = await _espeak('rate="100%"'), await _espeak(f'rate="{rate}"')
    assert changed.seconds == pytest.approx(plain.seconds / rate, rel=0.1)
    assert _median_hz(changed) == pytest.approx(_median_hz(plain), rel=0.1)


async def test_engines_that_read_text_name_phonemes_as_ignored():
    document = '<speak xml:lang="en-US">A <phoneme ph="pɪˈkɑn">pecan</phoneme></speak>'
    found = await heard(document, EspeakPlugin(EspeakConfig()), settings=ESPEAK)
    assert found.ignored == {"phonemes"}


def _strongest_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum) * 24_000 / (8 * len(samples)))


def _median_hz(found):
    """Of the voiced frames, those with energy."""
    frames = [found.samples[start : start + 1_920] for start in range(0, len(found.samples) - 1_920, 960)]
    loud = sorted(frames, key=lambda frame: float(np.abs(frame).mean()))[len(frames) // 2 :]
    return float(np.nanmedian([fundamental_hz(frame, 24_000, 50, 400) for frame in loud]))
