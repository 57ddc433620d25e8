"""Word timestamps over HTTP: exact, and of the text that the user sent."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import httpx
import numpy as np
import pytest
from attrs import evolve
from koe.hooks import Plugin, hookimpl
from koe.http.words import OriginalWord, OriginalWords
from koe.kokoro.config import KokoroConfig
from koe.kokoro.plugin import KokoroPlugin
from koe.settings import EngineSettings, PausesSettings, PipelineSettings
from koe.stages import MarkupContext, MarkupParser, Normalizer
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.testing.tiny_model import FIRST_BIN, FRAME_SAMPLES, SAMPLE_RATE, frames, write_tiny_model
from koe.types import Mark, Pause, Segment, Span, SpeechRequest, Utterance, UtterancePart, WordTiming
from koe_espeak import EspeakConfig, EspeakPlugin
from kokoro_onnx.config import DEFAULT_VOCAB

from tests.server.audio import decoded
from tests.server.events import SPEECH, audio_of, speak, words_of
from tests.server.live import live

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
PAD = 0


class Expand(Normalizer):
    """Rewrites two things, as the normalizers of a language do."""

    name = "expand"

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        for written, spoken in (("$3.50", "three dollars fifty"), ("Dr.", "doctor")):
            while (start := segment.text.find(written)) >= 0:
                segment = segment.replace(start, start + len(written), spoken)
        yield segment


class Angles(MarkupParser):
    """Text with XML-like tags: `<mark here>`, `<pause>`, and others that mean nothing."""

    name = "angles"

    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        whole = Segment(request.text, context.voice, context.language)
        parts: list[UtterancePart] = []
        position = 0
        for tag in re.finditer(r"<(\w+) ?(\w*)>|</\w+>", request.text):
            parts.append(whole.slice(position, tag.start()))
            if tag[1] == "mark":
                parts.append(Mark(tag[2], Span(*tag.span())))
            elif tag[1] == "pause":
                parts.append(Pause(0.5, Span(*tag.span())))
            position = tag.end()
        parts.append(whole.slice(position, len(request.text)))
        return Utterance(tuple(part for part in parts if not isinstance(part, Segment) or part.text.strip()))


class TestTools(Plugin):
    __test__ = False

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return [Expand()]

    @hookimpl
    def register_markup_parsers(self) -> Iterable[MarkupParser]:
        return [Angles()]


EXACT = evolve(
    FAKE_SETTINGS,
    engine=EngineSettings(auto_order=("kokoro",)),
    pipeline=PipelineSettings(normalize=("expand", "sentences"), phonemize=("letters",)),
)
TRIMMED = evolve(EXACT, pauses=PausesSettings())


def kokoro(folder, **options) -> KokoroPlugin:
    return KokoroPlugin(KokoroConfig(dir=str(write_tiny_model(folder, **options).dir)))


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return kokoro(tmp_path_factory.mktemp("tiny")), FakePlugin(), TestTools()


@pytest.fixture(scope="module")
def exact(plugins):
    with live(*plugins, settings=EXACT) as server:
        yield server.url


@pytest.fixture(scope="module")
def trimmed(plugins):
    with live(*plugins, settings=TRIMMED) as server:
        yield server.url


@pytest.fixture(scope="module")
def untimed(tmp_path_factory):
    model = kokoro(tmp_path_factory.mktemp("untimed"), durations=False)
    with live(model, FakePlugin(), TestTools(), settings=EXACT) as server:
        yield server.url


def length(symbols: str, speed: float = 1.0) -> int:
    """How many frames the tiny model speaks phoneme symbols for."""
    return sum(frames(DEFAULT_VOCAB[symbol], speed) for symbol in symbols)


def predicted(*segments: str, speed: float = 1.0) -> list[tuple[float, float]]:
    """When the tiny model speaks each word of these segments, one after the other, without trimming."""
    times, now = [], 0
    for segment in segments:
        now += frames(PAD, speed)
        for match in re.finditer(r"(\w+)([^\w]*)", segment):
            ends = now + length(match[1], speed)
            times.append((now * FRAME_S, ends * FRAME_S))
            now = ends + length(match[2], speed)
        now += frames(PAD, speed)
    return times


def assert_words(
    found: list[dict[str, Any]], text: str, expected: Sequence[tuple[str, float, float]]
) -> None:
    """Texts and offsets are the user's, times are right to a thousandth of a frame."""
    position = 0
    for word, (name, start, end) in zip(found, expected, strict=True):
        position = text.index(name, position)
        assert (word["text"], word["start_char"]) == (name, position)
        position += len(name)
        assert word["end_char"] == position
        assert [word["start"], word["end"]] == pytest.approx([start, end], abs=FRAME_S / 1000)


class TestExactness:
    def test_every_word_of_the_tiny_model_is_timed_to_the_frame(self, exact):
        text = "Quick, brown dox. All cats run home!"
        times = predicted("quick, brown dox.", "all cats run home!")
        found = words_of(speak(exact, text, timestamps="word"))
        names = re.findall(r"\w+", text)
        assert_words(found, text, [(name, *time) for name, time in zip(names, times, strict=True)])

    @pytest.mark.parametrize("speed", [0.5, 1.3, 2.0])
    def test_also_at_another_speed(self, exact, speed):
        text = "Quick brown dox"
        times = predicted(text.lower(), speed=speed)
        found = words_of(speak(exact, text, timestamps="word", speed=speed))
        assert_words(found, text, [(name, *time) for name, time in zip(text.split(), times, strict=True)])

    def test_what_is_stretched_beyond_the_engines_range_is_timed_in_proportion(self, exact):
        twice, fourfold = (
            words_of(speak(exact, "Quick brown dox", timestamps="word", speed=speed)) for speed in (2.0, 4.0)
        )
        for fast, faster in zip(twice, fourfold, strict=True):
            assert faster["start"] == pytest.approx(fast["start"] / 2, abs=1e-5)
            assert faster["end"] == pytest.approx(fast["end"] / 2, abs=1e-5)

    def test_rewritten_words_are_the_users_again(self, exact):
        text = "Dr. Lee paid $3.50. He left $3.50 there."
        doctor, lee, paid, three, _, fifty, he, left, three_again, _, fifty_again, there = predicted(
            "doctor lee paid three dollars fifty.", "he left three dollars fifty there."
        )
        assert_words(
            words_of(speak(exact, text, timestamps="word")),
            text,
            [
                ("Dr.", *doctor),
                ("Lee", *lee),
                ("paid", *paid),
                ("$3.50", three[0], fifty[1]),
                ("He", *he),
                ("left", *left),
                ("$3.50", three_again[0], fifty_again[1]),
                ("there", *there),
            ],
        )

    def test_words_in_markup_are_the_users_with_its_offsets(self, exact):
        text = "<speak>Dr. <b>Lee</b> paid<mark price> $3.50<pause> and<mark end> left</speak>"
        events = speak(exact, text, timestamps="word", markup="angles")
        names = ["Dr.", "Lee", "paid", "$3.50", "and", "left"]
        doctor, lee, paid, three, _, fifty, conjunction, left = predicted(
            "doctor", "lee", "paid", "three dollars fifty", "and", "left"
        )
        late = [(start + 0.5, end + 0.5) for start, end in (conjunction, left)]
        times = [doctor, lee, paid, (three[0], fifty[1]), *late]
        assert_words(words_of(events), text, [(name, *time) for name, time in zip(names, times, strict=True)])
        marks = [mark for event in events if event["type"] == "speech.audio.marks" for mark in event["marks"]]
        assert [mark["name"] for mark in marks] == ["price", "end"]
        pads = 2 * frames(PAD) * FRAME_S
        assert marks[0]["time"] == pytest.approx(paid[1] + pads / 2, abs=1e-6)
        assert marks[1]["time"] == pytest.approx(late[0][1] + pads / 2, abs=1e-6)
        for mark in marks:
            assert text[mark["start_char"] : mark["end_char"]] == f"<mark {mark['name']}>"

    def test_captions_have_the_same_words(self, exact):
        text = "Dr. Lee paid $3.50. He left."
        answer = httpx.post(exact + SPEECH, json={"input": text, "response_format": "json"}).json()
        assert answer["words"] == words_of(speak(exact, text, timestamps="word"))
        srt = httpx.post(exact + SPEECH, json={"input": text, "response_format": "srt"}).text
        assert re.findall(r"^[A-Z].*", srt, re.MULTILINE) == ["Dr. Lee paid $3.50.", "He left."]


class TestAgainstTheAudio:
    @pytest.mark.parametrize("response_format", ["wav", "flac"])
    def test_each_words_tones_sound_in_its_interval_although_segments_were_trimmed(
        self, trimmed, response_format
    ):
        text = "Quick, brown dox. All cats run home!"
        events = speak(trimmed, text, timestamps="word", response_format=response_format)
        samples = decoded(audio_of(events), response_format)
        for word in words_of(events):
            position = round(word["start"] * SAMPLE_RATE)
            for symbol in word["text"].lower():
                for _ in range(frames(DEFAULT_VOCAB[symbol])):
                    window = samples[position : position + FRAME_SAMPLES]
                    assert np.abs(np.fft.rfft(window)).argmax() == DEFAULT_VOCAB[symbol] + FIRST_BIN, word
                    position += FRAME_SAMPLES
            assert position == pytest.approx(word["end"] * SAMPLE_RATE, abs=1)

    def test_trimming_did_move_the_words(self, exact, trimmed):
        untouched, moved = (words_of(speak(url, "Hi.", timestamps="word")) for url in (exact, trimmed))
        assert untouched[0]["start"] - moved[0]["start"] == pytest.approx(frames(PAD) * FRAME_S - 0.015)

    def test_espeaks_words_sound_in_their_intervals_and_pauses_lie_between(self):
        settings = evolve(
            FAKE_SETTINGS, pauses=PausesSettings(), engine=EngineSettings(auto_order=("espeak",))
        )
        text = "Good morning, everyone. Peter took a boat. Was it his?"
        with live(EspeakPlugin(EspeakConfig()), FakePlugin(), settings=settings) as server:
            events = speak(server.url, text, timestamps="word", response_format="wav", voice="en-us")
        samples = decoded(audio_of(events), "wav")
        words = words_of(events)
        assert {name for word in words for name in word["text"].split()} == set(re.findall(r"\w+", text))
        peak = float(np.abs(samples).max())
        previous = None
        for word in words:
            start, end = (round(word[key] * SAMPLE_RATE) for key in ("start", "end"))
            assert float(np.abs(samples[start:end]).max()) > 0.05 * peak, word
            if previous is not None:
                assert word["start"] >= previous["end"]
                if text[previous["end_char"]] in ".?":
                    pause = samples[round(previous["end"] * SAMPLE_RATE) + 240 : start]
                    assert len(pause) > 0.25 * SAMPLE_RATE
                    assert float(np.abs(pause[: round(0.25 * SAMPLE_RATE)]).max()) < 0.05 * peak
            previous = word
        assert words[-1]["end"] <= len(samples) / SAMPLE_RATE


class TestOrder:
    TEXT = "Quick, brown dox. All cats run home! Dr. Lee paid $3.50. He left."

    def test_words_come_before_the_audio_that_says_them(self, trimmed):
        events = speak(trimmed, self.TEXT, timestamps="word", response_format="pcm")
        heard_s, told = 0.0, 0
        for event in events:
            if event["type"] == "speech.audio.words":
                assert event["estimated"] is False
                assert event["words"][0]["start"] >= heard_s - 1e-6
                told += 1
            elif event["type"] == "speech.audio.delta":
                heard_s += len(audio_of([event])) / 2 / SAMPLE_RATE
        assert told > 2

    def test_a_word_that_two_segments_share_is_one_word_told_with_the_second(self):
        engine = FakeEngine()
        pipeline = PipelineSettings(
            normalize=("expand", "sentences"), phonemize=("letters",), segment_phonemes=20
        )
        text = "It cost us $3.50 or more"
        with live(
            FakePlugin(engine), TestTools(), settings=evolve(FAKE_SETTINGS, pipeline=pipeline)
        ) as server:
            events = speak(server.url, text, timestamps="word", response_format="pcm")
        spoken = [segment.text for segment in engine.spoken]
        assert [text for text in spoken if "three" in text or "fifty" in text] == spoken[:2]
        told = [[word["text"] for word in event["words"]] for event in events if "words" in event]
        assert [name for names in told for name in names] == text.split()
        assert "$3.50" not in told[0]
        (price,) = (word for word in words_of(events) if word["text"] == "$3.50")
        # 0.05 s a symbol: "It cost us " are 11, "three dollars fifty" 19.
        assert [price["start"], price["end"]] == pytest.approx([0.55, 1.5])

    def test_a_word_too_long_for_one_segment_is_one_word(self):
        pipeline = PipelineSettings(phonemize=("letters",), segment_phonemes=20)
        text = "Say " + "a" * 50 + " now"
        with live(FakePlugin(), settings=evolve(FAKE_SETTINGS, pipeline=pipeline)) as server:
            found = words_of(speak(server.url, text, timestamps="word"))
        assert [word["text"] for word in found] == text.split()
        assert found[1]["end"] - found[1]["start"] == pytest.approx(2.5)


class TestEnginesWithoutTimes:
    @pytest.mark.parametrize(
        "fields", [{"stream_format": "sse", "timestamps": "word"}, {"response_format": "srt"}]
    )
    def test_asking_for_measured_words_is_refused_naming_the_way_out(self, untimed, fields):
        answer = httpx.post(untimed + SPEECH, json={"input": "Hi.", **fields})
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("invalid_value", "timestamps")
        assert '"estimate"' in error["message"]

    def test_estimates_are_marked(self, untimed, exact):
        for url, estimated in ((untimed, True), (exact, False)):
            events = speak(url, "Dr. Lee paid $3.50.", timestamps="estimate")
            assert [word["text"] for word in words_of(events)] == ["Dr.", "Lee", "paid", "$3.50"]
            assert {event["estimated"] for event in events if "words" in event} == {estimated}

    def test_estimated_words_lie_within_the_audio_in_order(self, untimed):
        events = speak(untimed, "Quick brown dox. All cats.", timestamps="estimate", response_format="pcm")
        words = words_of(events)
        assert [word["text"] for word in words] == ["Quick", "brown", "dox", "All", "cats"]
        edges = [edge for word in words for edge in (word["start"], word["end"])]
        assert edges == sorted(edges)
        assert 0 <= edges[0] < edges[-1] <= len(audio_of(events)) / 2 / SAMPLE_RATE

    def test_capabilities_say_which_engine_times_its_words(self, untimed, exact):
        for url, times in ((untimed, False), (exact, True)):
            engines = httpx.get(url + "/v1/capabilities").json()["engines"]
            assert {one["name"]: one["times_words"] for one in engines}["kokoro"] is times

    def test_without_asking_there_are_no_words(self, exact):
        assert words_of(speak(exact, "Hi.")) == []


def timing(text: str, start: int, end: int, at: float) -> WordTiming:
    return WordTiming(text, at, at + 1, Span(start, end))


class TestOriginalWords:
    def test_words_are_told_at_once(self):
        words = OriginalWords("ab cd")
        assert words.feed([timing("ab", 0, 2, 0), timing("cd", 3, 5, 1)]) == (
            OriginalWord("ab", 0, 1, 0, 2),
            OriginalWord("cd", 1, 2, 3, 5),
        )
        assert words.rest() == ()

    def test_a_word_that_goes_on_waits_for_what_follows(self):
        words = OriginalWords("£2 cd")
        assert words.feed([timing("two", 0, 2, 0)], goes_on=True) == ()
        assert words.feed([], goes_on=True) == ()
        assert words.feed([]) == ()
        assert words.feed([timing("pounds", 0, 2, 1), timing("cd", 3, 5, 2)]) == (
            OriginalWord("£2", 0, 2, 0, 2),
            OriginalWord("cd", 2, 3, 3, 5),
        )

    def test_a_word_that_was_to_go_on_is_the_rest(self):
        words = OriginalWords("£2")
        words.feed([timing("two", 0, 2, 0), timing("pounds", 0, 2, 1)], goes_on=True)
        assert words.rest() == (OriginalWord("£2", 0, 2, 0, 2),)
        assert words.rest() == ()

    def test_equal_words_side_by_side_stay_two(self):
        found = OriginalWords("no no").feed([timing("no", 0, 2, 0), timing("no", 3, 5, 1)])
        assert [word.text for word in found] == ["no", "no"]

    def test_overlapping_words_become_one_that_covers_both(self):
        words = [timing("usfive", 0, 4, 0), timing("dollars", 2, 4, 1)]
        assert OriginalWords("US$5").feed(words) == (OriginalWord("US$5", 0, 2, 0, 4),)

    def test_words_put_in_by_a_normalizer_count_with_the_word_they_touch(self):
        found = OriginalWords("5 cd").feed(
            [timing("the", 0, 0, 0), timing("five", 0, 1, 1), timing("of", 1, 1, 2), timing("cd", 2, 4, 3)]
        )
        assert found == (OriginalWord("5", 1, 3, 0, 1), OriginalWord("cd", 3, 4, 2, 4))
