import threading
import time

import numpy as np
import pytest
from koe.api import (
    Cancellation,
    CancelledByCallerError,
    EngineRuntime,
    EngineUnavailableError,
    Span,
    UnknownVoiceError,
    UnsupportedLanguageError,
)
from koe.testing.conformance.engines import EngineConformance
from koe_espeak import EspeakConfig, EspeakEngine
from koe_espeak.files import EspeakFiles

from .build import new_engine, new_phonemizer, opened_engine, speak, to_phonemize, to_speak


class TestEspeakEngine(EngineConformance):
    @pytest.fixture
    def engine(self) -> EspeakEngine:
        return new_engine()


TEXT = "Hello, world! The end of the story."


def test_it_states_what_it_is(engine):
    info = engine.info()
    assert (info.name, info.sample_rate) == ("espeak", 24000)
    assert info.model == f"espeak-ng {info.detail['version']}"
    assert engine.accepts == "text"


@pytest.mark.parametrize("voice", ["en-us", "en-us+f2", "en-us+klatt4", "de+m3"])
def test_a_second_identical_call_gives_identical_samples(engine, voice):
    first = speak(engine, TEXT, voice)
    phonemizer = new_phonemizer()
    phonemizer.phonemize(to_phonemize("Bonjour le monde.", "fr"))
    phonemizer.close()
    speak(engine, "Etwas anderes, schneller.", "de+f3", "de", rate=2.0)
    assert np.array_equal(speak(engine, TEXT, voice).samples, first.samples)


def test_the_noise_of_breath_does_not_depend_on_the_time_of_day(engine):
    """espeak-ng seeds its noise with the second in which it is loaded."""
    first = speak(engine, TEXT, "en-us+f5").samples
    second = int(time.time())
    deadline = time.monotonic() + 5
    while int(time.time()) == second and time.monotonic() < deadline:
        assert np.array_equal(speak(engine, TEXT, "en-us+f5").samples, first)
    assert np.array_equal(speak(engine, TEXT, "en-us+f5").samples, first)


def test_words_are_timed_at_the_users_characters(engine):
    chunk = speak(engine, "Well, the end of the story: 1984!", source_start=50)
    assert [(word.text, word.source) for word in chunk.words] == [
        ("Well", Span(50, 54)),
        ("the", Span(56, 59)),
        ("end", Span(60, 63)),
        ("of the", Span(64, 70)),
        ("story", Span(71, 76)),
        ("1984", Span(78, 82)),
    ]
    assert chunk.words[0].end_s < chunk.words[1].start_s, "the pause at the comma belongs to no word"
    assert chunk.words[-1].end_s <= chunk.seconds


def test_sound_is_where_the_timings_say(engine):
    chunk = speak(engine, "One. Two.")
    first, second = (
        np.abs(chunk.samples[int(word.start_s * 24000) : int(word.end_s * 24000)]).max()
        for word in chunk.words
    )
    gap = chunk.samples[int(chunk.words[0].end_s * 24000) + 480 : int(chunk.words[1].start_s * 24000) - 480]
    assert min(first, second) > 0.1
    assert np.abs(gap).max() < 0.02


@pytest.mark.parametrize("text", ["", " ", "...", "…!", "\x00", "“ ”"])
def test_text_without_sound_gives_an_empty_chunk(engine, text):
    chunk = speak(engine, text)
    assert (len(chunk.samples), chunk.sample_rate, chunk.words) == (0, 24000, ())


def test_the_language_decides_the_pronunciation_and_the_voice_the_sound(engine):
    german = speak(engine, "Haus", "en-us+f2", "de").samples
    assert np.array_equal(german, speak(engine, "Haus", "de+f2", "de").samples)
    assert not np.array_equal(german, speak(engine, "Haus", "en-us+f2", "en-US").samples)


@pytest.mark.parametrize("text", ["<speak>hi <break time='9s'/></speak>", "[[h@l'oU]]", "&lt;"])
def test_markup_of_espeak_is_read_as_plain_text(engine, text):
    assert speak(engine, text).words
    assert speak(engine, text).seconds < 6
    assert not np.array_equal(speak(engine, text).samples, speak(engine, "hello").samples)


def test_embedded_commands_of_espeak_do_nothing(engine):
    commanded = speak(engine, "\x01+90S hello there")
    assert commanded.seconds == pytest.approx(speak(engine, "+90S hello there").seconds, rel=0.02)


@pytest.mark.parametrize("rate", [0.6, 0.7, 0.85, 1.2, 1.5, 1.75, 2.0])
@pytest.mark.parametrize(
    ("voice", "language"), [("en-us", "en-US"), ("en-us+f2", "en-US"), ("en-us+Andy", "fr"), ("de", "de")]
)
def test_a_rate_gives_its_length_within_five_percent(engine, rate, voice, language):
    text = "The quick brown fox jumps over the lazy dog, and then of the sudden it was gone. Hello world!"
    length = speak(engine, text, voice, language).seconds
    made = speak(engine, text, voice, language, rate=rate).seconds
    assert made == pytest.approx(length / rate, rel=0.05)


def test_unknown_voices_and_languages_are_errors(engine):
    with pytest.raises(UnknownVoiceError, match="'en-us\\+nobody'"):
        speak(engine, "hi", "en-us+nobody")
    with pytest.raises(UnsupportedLanguageError, match="'qaa'"):
        speak(engine, "hi", "en-us", "qaa")
    assert engine.speaks("de-AT")
    assert not engine.speaks("qaa")


def test_cancelling_stops_a_long_run(engine):
    """The run is cancelled from another thread while it is under way: half an hour of speech never comes."""
    cancellation = Cancellation()
    running = threading.Event()
    original = engine._espeak.speak

    def noticed(*arguments):
        running.set()
        return original(*arguments)

    engine._espeak.speak = noticed

    def cancel_when_running():
        assert running.wait(10)
        cancellation.cancel()

    canceller = threading.Thread(target=cancel_when_running)
    canceller.start()
    with pytest.raises(CancelledByCallerError):
        engine.infer(to_speak("Some words to say, and more of them. " * 1000), cancellation)
    canceller.join()
    engine._espeak.speak = original
    assert speak(engine, TEXT).seconds > 1


def test_long_odd_text_is_spoken(engine):
    chunk = speak(engine, "tak" * 500 + " \ud800 \x00 😀 " + "End. " * 500)
    assert chunk.seconds > 100
    assert sum(word.text == "End" for word in chunk.words) == 500


def test_pitch_and_word_gap_are_read():
    usual, high, slow = (
        opened_engine(config)
        for config in (EspeakConfig(), EspeakConfig(pitch=90), EspeakConfig(word_gap=20))
    )
    fingerprints = {engine.fingerprint for engine in (usual, high, slow)}
    chunks = [speak(engine, "one two three four five") for engine in (usual, high, slow)]
    for engine in (usual, high, slow):
        engine.close()
    assert len(fingerprints) == 3
    assert chunks[2].seconds > chunks[0].seconds + 0.5
    assert not np.array_equal(chunks[0].samples, chunks[1].samples)


def test_missing_says_why_and_the_way_out(tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"")
    engine = new_engine(EspeakConfig(library=str(broken)))
    assert "espeakng-loader" in (engine.missing() or "")
    with pytest.raises(EngineUnavailableError):
        engine.open(EngineRuntime())
    engine.close()


@pytest.mark.usefixtures("nothing_left")
def test_missing_holds_nothing():
    assert new_engine().missing() is None


@pytest.mark.usefixtures("nothing_left")
def test_an_engine_that_could_not_be_opened_holds_nothing(monkeypatch):
    def unreadable(_files):
        raise OSError("cannot be read")

    monkeypatch.setattr(EspeakFiles, "digest", unreadable)
    with pytest.raises(OSError, match="cannot be read"):
        opened_engine()


def test_an_engine_that_is_not_open_says_so():
    with pytest.raises(EngineUnavailableError, match="not open"):
        new_engine().voices()
