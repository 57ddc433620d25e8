"""What the bleep does, and the behaviour that every normalizer of koe must have."""

import asyncio
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from koe.api import (
    Clip,
    ConfigError,
    GivenPhonemes,
    Pause,
    Prosody,
    Samples,
    Segment,
    Span,
    SpeechRequest,
    VoiceMix,
)
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.conformance.normalizers import NormalizerConformance
from koe.testing.fakes import FakeEngine, FakePlugin, symbol_samples
from koe_bleep import Bleep, BleepConfig, BleepPlugin

SAMPLE_RATE = 24_000


class TestBleepIsANormalizer(NormalizerConformance):
    @pytest.fixture
    def normalizer(self) -> Bleep:
        return Bleep(BleepConfig({"en": ("world", "Smith*"), "any": ("quoted",)}))


def parts(text: str, config: BleepConfig, language: str = "en-US", **fields: Any) -> list[str]:
    """The texts that are left, with `*` for each bleep and `_` for each pause."""
    segment = evolve(Segment(text, VoiceMix.of("ann"), language), **fields)
    made = Bleep(config).normalize(segment)
    return [
        part.text if isinstance(part, Segment) else "_" if isinstance(part, Pause) else "*" for part in made
    ]


def english(*words: str, **fields: Any) -> BleepConfig:
    return evolve(BleepConfig({"en": words}), **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You darn fool", ["You ", "*", " fool"]),
        ("Darn!", ["*", "_"]),
        ("darn darn", ["*", "*"]),
        ("darning a sock", ["darning a sock"]),
        ("my darn's end", ["my darn's end"]),
        ("(darn)", ["(", "*", ")"]),
        ("Oh “darn!” Go on.", ["Oh “", "*", "_", " Go on."]),
        ("Darn... okay", ["*", "_", " okay"]),
        ("darn, darn .5", ["*", ", ", "*", " .5"]),
        ("nothing here", ["nothing here"]),
        ("  ", ["  "]),
    ],
)
def test_only_whole_words_are_bleeped(text: str, expected: list[str]) -> None:
    assert parts(text, english("darn")) == expected


def test_a_star_stands_for_any_ending() -> None:
    config = english("darn*")
    assert parts("darned darn's darning undarned", config) == ["*", "*", "*", " undarned"]


def test_phrases_match_across_spaces_and_lines() -> None:
    assert parts("oh holy\n  cow, cow", english("holy cow")) == ["oh ", "*", ", cow"]


def test_overlapping_words_are_one_bleep() -> None:
    config = BleepConfig({"en": ("holy cow",), "any": ("cow bell",)})
    assert parts("a holy cow bell rings", config) == ["a ", "*", " rings"]


@pytest.mark.parametrize(
    ("case", "word", "bleeped"),
    [
        ("ignore", "dick", ["dick", "Dick", "DICK"]),
        ("exact", "dick", ["dick"]),
        ("exact", "Dick", ["Dick"]),
        ("smart", "dick", ["dick", "Dick", "DICK"]),
        ("smart", "Dick", ["Dick"]),
    ],
)
def test_case(case: str, word: str, bleeped: list[str]) -> None:
    assert [
        one for one in ("dick", "Dick", "DICK") if parts(one, english(word, case=case)) == ["*"]
    ] == bleeped


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en-US", ["*"]), ("en", ["*"]), ("EN-gb", ["*"]), ("eng", ["mist"]), ("de-DE", ["mist"])],
)
def test_a_list_is_for_its_language_and_all_of_its_regions(language: str, expected: list[str]) -> None:
    assert parts("mist", BleepConfig({"en": ("mist",)}), language) == expected


def test_any_stands_for_every_language_and_a_region_for_itself() -> None:
    config = BleepConfig({"any": ("kaka",), "de-AT": ("zwetschke",)})
    assert parts("kaka zwetschke", config, "de-AT") == ["*", "*"]
    assert parts("kaka zwetschke", config, "de-DE") == ["*", " zwetschke"]


def test_words_without_spaces_around_them_are_found_in_chinese_and_japanese() -> None:
    assert parts("これは馬鹿だ", BleepConfig({"ja": ("馬鹿",)}), "ja") == ["これは", "*", "だ"]


def test_a_word_is_bleeped_also_where_a_lexicon_says_how_it_is_spoken() -> None:
    """Wholly: what is left of its phonemes would not fit what is left of the word."""
    given = (GivenPhonemes(Span(4, 12), "dˈɑɹnfuːl"), GivenPhonemes(Span(13, 16), "tuː"))
    assert parts("you darn-foo too", english("darn"), given=given) == ["you ", "*", " too"]


def test_a_bleep_is_as_loud_as_its_surroundings_and_says_what_it_stands_for() -> None:
    segment = evolve(Segment("a darn b", VoiceMix.of("ann"), "en"), prosody=Prosody(rate=2.0, volume_db=-6.0))
    _, clip, _ = Bleep(english("darn")).normalize(segment)
    assert isinstance(clip, Clip)
    assert (clip.volume_db, clip.source) == (-6.0, Span(2, 6))


@pytest.mark.parametrize(
    ("text", "rate", "seconds"), [("a1b2c3", 1.0, 0.6), ("a1b2c3", 2.0, 0.3), ("b", 1, 0.25)]
)
def test_longer_words_have_longer_bleeps(text: str, rate: float, seconds: float) -> None:
    config = BleepConfig({"en": (text,)}, seconds_per_letter=0.1)
    segment = evolve(Segment(text, VoiceMix.of("ann"), "en"), prosody=Prosody(rate))
    (clip,) = Bleep(config).normalize(segment)
    assert isinstance(clip, Clip)
    assert clip.chunk.seconds == pytest.approx(seconds)


def test_the_end_of_a_sentence_behind_a_bleep_is_heard_as_a_pause() -> None:
    segment = evolve(Segment("oh darn?! Go", VoiceMix.of("ann"), "en"), prosody=Prosody(rate=2.0))
    _, _, pause, _ = Bleep(english("darn", pause_s=0.4)).normalize(segment)
    assert pause == Pause(0.2, Span(7, 9))


def test_a_star_cannot_make_an_endless_bleep() -> None:
    (clip,) = Bleep(english("da*")).normalize(Segment("da" * 50_000, VoiceMix.of("ann"), "en"))
    assert isinstance(clip, Clip)
    assert clip.chunk.seconds == pytest.approx(1.5)


@pytest.mark.parametrize(
    "mistake",
    [
        {"words": {"english language": ("darn",)}},
        {"words": {"en": ("",)}},
        {"words": {"en": ("*",)}},
        {"case": "upper"},
        {"shortest_s": 2.0},
        {"peak": 1.5},
    ],
)
def test_a_config_that_makes_no_sense_is_refused(mistake: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="words|expected|case|shortest_s|peak"):
        evolve(BleepConfig(), **mistake)


def test_a_bleep_that_is_not_in_the_pipeline_is_an_error_at_the_start() -> None:
    bleep = Bleep(english("darn"))
    bleep.use_pipeline([bleep])
    with pytest.raises(ConfigError, match=r'"bleep"'):
        bleep.use_pipeline([])


def test_the_tone_is_heard_in_the_place_of_the_word_and_no_engine_sees_it() -> None:
    engine = FakeEngine()
    audio = asyncio.run(spoken("ab darn cd", engine, BleepConfig({"en": ("darn",)}, seconds_per_letter=0.1)))
    assert [segment.phonemes for segment in engine.spoken] == ["ab", "cd"]
    before, behind = (sum(len(symbol_samples(symbol)) for symbol in word) for word in ("ab", "cd"))
    bleep = audio[before : len(audio) - behind]
    assert len(bleep) / SAMPLE_RATE == pytest.approx(0.4, abs=0.001)
    assert share_at(1000.0, bleep) > 0.99
    assert share_at(1000.0, audio[:before]) < 0.01
    assert share_at(1000.0, audio[-behind:]) < 0.01


def test_a_text_of_nothing_else_is_a_bleep_alone() -> None:
    engine = FakeEngine()
    audio = asyncio.run(spoken("Darn!", engine, english("darn", pause_s=0.0)))
    assert (engine.spoken, len(audio)) == ([], round(0.28 * SAMPLE_RATE))


def test_the_bleep_does_not_click() -> None:
    (clip,) = Bleep(english("darn")).normalize(Segment("darn", VoiceMix.of("ann"), "en"))
    assert isinstance(clip, Clip)
    samples = clip.chunk.samples
    assert abs(samples[0]) < 0.001
    assert abs(samples[-1]) < 0.001
    assert np.abs(samples).max() == pytest.approx(0.25, abs=0.001)


async def spoken(text: str, engine: FakeEngine, config: BleepConfig) -> Samples:
    pipeline = evolve(FAKE_SETTINGS.pipeline, normalize=("bleep", "sentences"))
    settings = evolve(FAKE_SETTINGS, pipeline=pipeline)
    async with (
        running(BleepPlugin(config), FakePlugin(engine), settings=settings) as synthesizer,
        synthesizer.speak(SpeechRequest(text, format="raw")) as speech,
    ):
        data = b"".join([piece async for piece in speech.encoded("whole")])
    return np.frombuffer(data, np.float32)


def share_at(frequency_hz: float, samples: Samples) -> float:
    """How much of the energy is within 30 Hz of a frequency, by a window that leaks nothing beyond."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16)) ** 2
    frequencies = np.fft.rfftfreq(1 << 16, 1 / SAMPLE_RATE)
    return float(power[np.abs(frequencies - frequency_hz) < 30].sum() / power.sum())
