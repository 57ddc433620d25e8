"""What the telephone does, and the behaviour that every audio processor of koe must have."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from koe.api import AudioChunk, Samples, SpeechRequest, StreamInfo, WordTiming
from koe.api import Span as SourceSpan
from koe.testing.audio import cut, speechlike, tone
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.conformance.processors import AudioProcessorConformance
from koe.testing.fakes import FakePlugin
from koe_telephone import Telephone, TelephoneConfig, TelephonePlugin

RATES = (8_000, 16_000, 22_050, 24_000, 48_000)


class TestTelephoneIsAnAudioProcessor(AudioProcessorConformance):
    tolerance = 1e-6

    @pytest.fixture
    def processor(self) -> Telephone:
        return Telephone(TelephoneConfig())


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("frequency_hz", [60.0, 150.0, 200.0])
def test_what_is_lower_than_the_band_is_40_db_down(frequency_hz: float, sample_rate: int) -> None:
    assert level_db(frequency_hz, sample_rate) < -40


@pytest.mark.parametrize("sample_rate", [rate for rate in RATES if rate > 8_000])
@pytest.mark.parametrize("frequency_hz", [3_500.0, 4_000.0, 7_000.0])
def test_what_is_higher_than_the_band_is_40_db_down(frequency_hz: float, sample_rate: int) -> None:
    assert level_db(frequency_hz, sample_rate) < -40


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("frequency_hz", [400.0, 1_000.0, 2_000.0, 3_300.0])
def test_what_is_within_the_band_keeps_its_level(frequency_hz: float, sample_rate: int) -> None:
    assert level_db(frequency_hz, sample_rate) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("frequency_hz", [300.0, 3_400.0])
def test_the_edges_are_6_db_down(frequency_hz: float) -> None:
    assert level_db(frequency_hz, 24_000) == pytest.approx(-6, abs=0.3)


def test_the_band_can_be_chosen() -> None:
    config = TelephoneConfig(low_hz=500, high_hz=1_500, drive_db=0)
    assert level_db(400, 24_000, config) < -40
    assert level_db(1_000, 24_000, config) == pytest.approx(0, abs=0.1)
    assert level_db(1_600, 24_000, config) < -40


def test_a_steeper_filter_cuts_off_closer_to_the_band() -> None:
    steep = TelephoneConfig(transition_hz=50, drive_db=0)
    gentle = TelephoneConfig(transition_hz=600, drive_db=0)
    assert level_db(3_430, 24_000, steep) < -40
    assert level_db(3_430, 24_000, gentle) > -10


@pytest.mark.parametrize("sizes", [[1] * 2_000, [7, 1_000, 1, 3_333], [24_000], [30_000, 1]])
def test_a_stream_gives_what_the_whole_gives(sizes: list[int]) -> None:
    samples = speechlike(sum(sizes), 24_000)
    whole = heard(TelephoneConfig(), [AudioChunk(samples, 24_000)], 24_000)
    edges = np.cumsum([0, *sizes])
    pieces = (AudioChunk(samples[start:end], 24_000) for start, end in pairwise(edges))
    streamed = heard(TelephoneConfig(), pieces, 24_000)
    assert len(whole) == len(streamed) == len(samples)
    assert np.abs(whole - streamed).max() <= 1e-6


def test_it_neither_delays_nor_shortens() -> None:
    samples = tone(1_000, 0.5, 24_000)
    passed = heard(TelephoneConfig(drive_db=0), cut(samples, 24_000, 960), 24_000)
    middle = slice(3_000, 9_000)
    np.testing.assert_allclose(passed[middle], samples[middle], atol=0.005)


def test_driven_hard_it_is_louder_and_never_beyond_full_scale() -> None:
    samples = speechlike(24_000, 24_000)
    plain = heard(TelephoneConfig(drive_db=0), cut(samples, 24_000, 960), 24_000)
    driven = heard(TelephoneConfig(drive_db=20), cut(samples, 24_000, 960), 24_000)
    assert np.sqrt(np.mean(driven**2)) > 1.5 * np.sqrt(np.mean(plain**2))
    assert np.abs(driven).max() < 1.5


def test_words_stay_with_the_audio() -> None:
    """While audio is held back, so are the words that belong to it."""
    word = WordTiming("hi", 0.0, 0.1, SourceSpan(0, 2))
    stream = Telephone(TelephoneConfig()).open(StreamInfo(24_000))
    held = stream.process(AudioChunk(np.zeros(10, np.float32), 24_000, (word,)))
    assert (len(held.samples), held.words) == (0, ())
    assert stream.process(AudioChunk(np.zeros(5_000, np.float32), 24_000)).words == (word,)
    rest = stream.flush()
    assert rest is not None
    assert rest.words == ()


def test_a_short_answer_comes_out_at_the_end() -> None:
    samples = speechlike(40, 24_000)
    assert len(heard(TelephoneConfig(), [AudioChunk(samples, 24_000)], 24_000)) == 40


@pytest.mark.parametrize(
    "mistake",
    [{"low_hz": 2_000.0, "high_hz": 1_000.0}, {"high_hz": 400.0}, {"drive_db": -1.0}, {"low_hz": 0.0}],
)
def test_a_config_that_makes_no_sense_is_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="hz|drive_db"):
        evolve(TelephoneConfig(), **mistake)


def test_an_answer_comes_through_the_line() -> None:
    """The fake engine speaks tones of 200 Hz and more: that of `@` is cut off, that of `z` comes through."""
    assert rms(asyncio.run(spoken("@@@@@@"))) < 0.01 * rms(asyncio.run(spoken("zzzzzz")))


async def spoken(text: str) -> Samples:
    settings = evolve(FAKE_SETTINGS, pipeline=evolve(FAKE_SETTINGS.pipeline, postprocess=("telephone",)))
    plugin = TelephonePlugin(TelephoneConfig(low_hz=400, drive_db=0))
    async with (
        running(plugin, FakePlugin(), settings=settings) as synthesizer,
        synthesizer.speak(SpeechRequest(text, format="raw")) as speech,
    ):
        data = b"".join([piece async for piece in speech.encoded("whole")])
    return np.frombuffer(data, np.float32)


def heard(config: TelephoneConfig, chunks: Iterable[AudioChunk], sample_rate: int) -> Samples:
    stream = Telephone(config).open(StreamInfo(sample_rate))
    made = [stream.process(chunk) for chunk in chunks]
    rest = stream.flush()
    return np.concatenate([chunk.samples for chunk in [*made, *([] if rest is None else [rest])]])


def level_db(frequency_hz: float, sample_rate: int, config: TelephoneConfig | None = None) -> float:
    """What is left of a tone, away from its ends."""
    samples = tone(frequency_hz, 1.0, sample_rate)
    passed = heard(config or TelephoneConfig(drive_db=0), cut(samples, sample_rate, 960), sample_rate)
    middle = slice(sample_rate // 4, -sample_rate // 4)
    return float(20 * np.log10(rms(passed[middle]) / rms(samples[middle])))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
