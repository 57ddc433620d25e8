"""What the engine does, and the behaviour that every engine of koe must have."""

import asyncio
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from koe.api import (
    Alignment,
    AudioChunk,
    Cancellation,
    EngineRuntime,
    EngineUnavailableError,
    InvalidRequestError,
    ModelFileError,
    PhonemeSegment,
    Samples,
    SpeechRequest,
    UnknownVoiceError,
    VoiceMix,
)
from koe.testing.audio import tone
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.conformance.engines import EngineConformance
from koe.testing.fakes import FakePlugin
from koe_clips import ClipsConfig, ClipsEngine, ClipsPlugin
from koe_clips.words import key, steps

RATE = 24_000
WORDS = "the quick brown fox jumps over lazy dog one two three four".split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two voices: `anna` says words, each by a tone of its own, and `zoe` one word."""
    write_voice(tmp_path / "anna", {word: tone(300 + 40 * i, 0.15, RATE) for i, word in enumerate(WORDS)})
    write_voice(tmp_path / "zoe", {"hallo": tone(500, 0.2, RATE)}, language="de-DE")
    return tmp_path


class TestClipsIsAnEngine(EngineConformance):
    @pytest.fixture
    def engine(self, folder: Path) -> ClipsEngine:
        return ClipsEngine(ClipsConfig(str(folder)))


def write_wav(path: Path, samples: Samples, rate: int = RATE, *, width: int = 2, channels: int = 1) -> None:
    whole = np.round(samples.astype(np.float64) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        whole += 128
    data = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(np.repeat(data, channels, axis=0).tobytes())


def write_voice(folder: Path, clips: Mapping[str, Samples], language: str = "en-US") -> None:
    folder.mkdir()
    lines = [f'language = "{language}"', 'gender = "female"', "[clips]"]
    for index, (word, samples) in enumerate(clips.items()):
        write_wav(folder / f"{index}.wav", samples)
        lines.append(f'"{word}" = "{index}.wav"')
    (folder / "voice.toml").write_text("\n".join(lines), encoding="utf-8")


def opened(folder: Path, **config: Any) -> ClipsEngine:
    engine = ClipsEngine(evolve(ClipsConfig(str(folder)), **config))
    engine.open(EngineRuntime())
    return engine


def speak(engine: ClipsEngine, text: str, voice: str = "anna") -> AudioChunk:
    segment = PhonemeSegment(
        text, (), VoiceMix.of(voice), "en-US", alignment=Alignment.verbatim(len(text), 100)
    )
    return engine.infer(segment, Cancellation())


def test_clips_are_played_in_order_with_gaps(folder: Path) -> None:
    engine = opened(folder, word_gap_s=0.1, clause_gap_s=0.3)
    chunk = speak(engine, "One, two three.")
    assert [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in chunk.words] == [
        ("One", 0.0, 0.15),
        ("two", 0.45, 0.6),
        ("three", 0.7, 0.85),
    ]
    assert [(word.source.start, word.source.end) for word in chunk.words] == [
        (100, 103),
        (105, 108),
        (109, 114),
    ]
    assert chunk.seconds == pytest.approx(0.85)
    two = chunk.samples[round(0.45 * RATE) : round(0.6 * RATE)]
    np.testing.assert_allclose(two, tone(300 + 40 * WORDS.index("two"), 0.15, RATE), atol=1e-4)
    assert not chunk.samples[round(0.15 * RATE) : round(0.45 * RATE)].any()


def test_the_longest_phrase_wins(tmp_path: Path) -> None:
    clips = {
        word: tone(500, 0.1, RATE) for word in ("good", "morning", "Good Morning", "good morning you", "you")
    }
    write_voice(tmp_path / "anna", clips)
    engine = opened(tmp_path)
    assert [word.text for word in speak(engine, "GOOD morning, you").words] == ["GOOD morning", "you"]
    assert [word.text for word in speak(engine, "Good morning you").words] == ["Good morning you"]
    assert [word.text for word in speak(engine, "good, morning").words] == ["good", "morning"]


def test_a_word_without_a_clip_is_refused_with_its_name(folder: Path) -> None:
    engine = opened(folder)
    with pytest.raises(InvalidRequestError, match=r"'anna' has no clip for 'cat', '%'\. ") as raised:
        speak(engine, "one cat two: cat %")
    assert raised.value.param == "input"


def test_only_so_many_words_are_named(folder: Path) -> None:
    engine = opened(folder)
    with pytest.raises(InvalidRequestError, match=r"'w9' and 90 more") as raised:
        speak(engine, " ".join(f"w{number}" for number in range(100)))
    assert len(str(raised.value)) < 400


def test_a_word_without_a_clip_is_silence_that_has_its_time(folder: Path) -> None:
    chunk = speak(opened(folder, missing="silence", missing_s=0.4, word_gap_s=0.0), "one cat two")
    assert [word.text for word in chunk.words] == ["one", "cat", "two"]
    start, end = chunk.words[1].start_s, chunk.words[1].end_s
    assert end - start == pytest.approx(0.4)
    assert not chunk.samples[round(start * RATE) : round(end * RATE)].any()


def test_punctuation_alone_gives_an_empty_chunk(folder: Path) -> None:
    assert speak(opened(folder), " … “—” ").seconds == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s 5 o'clock!", ["it's", "5", "o'clock"]),
        ("well-known", ["well", "known"]),
        ("50 % of 3€", ["50", "%", "of", "3", "€"]),
        ("e\u0301tude", ["étude"]),
        ("“quoted” (text)", ["quoted", "text"]),
    ],
)
def test_nothing_that_people_would_say_is_passed_over(text: str, expected: Sequence[str]) -> None:
    assert [step.words[0] for step in steps(text, (), 1) if step.kind == "missing"] == expected
    assert list(key(text)) == expected


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_clips_of_another_rate_are_resampled_to_the_engine_s(rate: int, tmp_path: Path) -> None:
    write_voice(tmp_path / "anna", {"hello": tone(440, 0.5, RATE)})
    write_wav(tmp_path / "anna/0.wav", tone(440, 0.5, rate), rate)
    engine = opened(tmp_path)
    chunk = speak(engine, "hello")
    assert (chunk.sample_rate, engine.info().sample_rate) == (RATE, RATE)
    assert chunk.seconds == pytest.approx(0.5, abs=0.001)
    middle = slice(2_000, 10_000)
    np.testing.assert_allclose(chunk.samples[middle], tone(440, 0.5, RATE)[middle], atol=0.01)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_integer_wav_is_read_and_mixed_down(width: int, channels: int, tmp_path: Path) -> None:
    samples = tone(440, 0.1, RATE)
    write_voice(tmp_path / "anna", {"hello": samples})
    write_wav(tmp_path / "anna/0.wav", samples, width=width, channels=channels)
    made = speak(opened(tmp_path), "hello").samples
    np.testing.assert_allclose(made, samples, atol=0.01 if width == 1 else 1e-4)


def test_the_engine_s_rate_can_be_chosen(folder: Path) -> None:
    chunk = speak(opened(folder, sample_rate=16_000), "one")
    assert (chunk.sample_rate, len(chunk.samples)) == (16_000, 2_400)


def test_all_mistakes_of_a_voice_are_told_at_once(tmp_path: Path) -> None:
    write_voice(tmp_path / "anna", {"one": tone(440, 0.1, RATE)})
    voice = tmp_path / "anna/voice.toml"
    (tmp_path / "anna/text.wav").write_text("no audio", encoding="utf-8")
    write_wav(tmp_path / "anna/empty.wav", np.zeros(0, np.float32))
    mistakes = {
        "two": "gone.wav",
        "three": "text.wav",
        "four": "empty.wav",
        "five": "../x.wav",
        "ONE": "0.wav",
        "!": "0.wav",
    }
    lines = [f'"{word}" = "{name}"' for word, name in mistakes.items()]
    voice.write_text("\n".join([voice.read_text(encoding="utf-8"), *lines]), encoding="utf-8")
    with pytest.raises(ModelFileError) as raised:
        opened(tmp_path)
    message = str(raised.value)
    assert str(voice) in message
    assert [word for word in mistakes if repr(word) not in message] == []
    for reason in (
        "No such file",
        "no WAV file",
        "holds no audio",
        "must lie in",
        "already",
        "names no word",
    ):
        assert reason in message


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ("language = 3\n[clips]", "language"),
        ('language = "en"\nclip = {}', "clip"),
        ("language = ", "cannot be read"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_file_and_key(
    manifest: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna/voice.toml").write_text(manifest, encoding="utf-8")
    with pytest.raises(ModelFileError, match=expected) as raised:
        opened(tmp_path)
    assert "voice.toml" in str(raised.value)


def test_without_voices_it_says_what_is_missing(tmp_path: Path) -> None:
    engine = ClipsEngine(ClipsConfig(str(tmp_path / "nowhere")))
    assert "plugins.clips.folder" in str(engine.missing())
    with pytest.raises(ModelFileError, match="voice.toml"):
        engine.open(EngineRuntime())
    with pytest.raises(EngineUnavailableError):
        engine.voices()


def test_its_languages_are_those_of_its_voices(folder: Path) -> None:
    engine = opened(folder)
    assert [engine.speaks(tag) for tag in ("en-GB", "DE", "fr")] == [True, True, False]
    assert [(voice.name, voice.language, voice.gender) for voice in engine.voices()] == [
        ("anna", "en-US", "female"),
        ("zoe", "de-DE", "female"),
    ]


def test_an_unknown_voice_is_an_error(folder: Path) -> None:
    with pytest.raises(UnknownVoiceError, match="anna, zoe"):
        speak(opened(folder), "one", voice="max")


def test_another_clip_is_another_fingerprint(folder: Path) -> None:
    before = opened(folder).fingerprint
    assert before == opened(folder).fingerprint
    assert before != opened(folder, word_gap_s=0.1).fingerprint
    write_wav(folder / "anna/0.wav", tone(900, 0.15, RATE))
    assert before != opened(folder).fingerprint


def test_requests_are_spoken_by_clips(folder: Path) -> None:
    """From the request to the samples, and a missing word to the client."""
    heard = asyncio.run(spoken(folder, "One two."))
    expected = [tone(300 + 40 * WORDS.index(word), 0.15, RATE) for word in ("one", "two")]
    np.testing.assert_allclose(heard, np.concatenate([expected[0], np.zeros(1_440), expected[1]]), atol=1e-4)
    with pytest.raises(InvalidRequestError, match="'cat'"):
        asyncio.run(spoken(folder, "One cat."))


async def spoken(folder: Path, text: str) -> Samples:
    settings = evolve(FAKE_SETTINGS, engine=evolve(FAKE_SETTINGS.engine, default="clips"))
    async with (
        running(ClipsPlugin(ClipsConfig(str(folder))), FakePlugin(), settings=settings) as synthesizer,
        synthesizer.speak(SpeechRequest(text, format="raw")) as speech,
    ):
        data = b"".join([piece async for piece in speech.encoded("whole")])
    return np.frombuffer(data, np.float32)
