"""The conformance classes that koe ships find what is wrong with a component."""

import numpy as np
import pytest
from koe.api import (
    AudioChunk,
    Cancellation,
    Engine,
    EngineInfo,
    EngineRuntime,
    PhonemeWord,
    Phonemizer,
    Span,
    Voice,
    WordTiming,
)
from koe.testing.conformance.engines import EngineConformance
from koe.testing.conformance.phonemizers import PhonemizerConformance


class Spelling(Phonemizer):
    """A correct phonemizer without any phonetics: every word is spelt."""

    name = "spelling"

    def supports(self, language):
        return language == "en-US"

    def phonemize(self, segment):
        given = {entry.span.start: entry for entry in segment.given}
        words, position = [], 0
        while position < len(segment.text):
            end = given[position].span.end if position in given else position + 1
            while position not in given and segment.text[position:end].isalnum() and self.more(segment, end):
                end += 1
            text = segment.text[position:end]
            if position in given or text.isalnum():
                words.append(self.word(segment, position, end, given))
            position = end
        return words

    def more(self, segment, end):
        return end < len(segment.text) and segment.text[end].isalnum()

    def word(self, segment, start, end, given):
        text = segment.text[start:end]
        phonemes = given[start].phonemes if start in given else text.lower()
        return PhonemeWord(text, phonemes, " ", segment.source(start, end))


class SupportsEverything(Spelling):
    def supports(self, language):
        return True


class WrongSources(Spelling):
    def phonemize(self, segment):
        return [PhonemeWord(w.text, w.phonemes, w.tail, Span(0, 1)) for w in super().phonemize(segment)]


class LosesTheLast(Spelling):
    def phonemize(self, segment):
        return super().phonemize(segment)[:-1]


class IgnoresGiven(Spelling):
    def word(self, segment, start, end, given):
        return super().word(segment, start, end, {})


class MixesTextsUp(Spelling):
    def __init__(self):
        self.last = []

    def phonemize(self, segment):
        before, self.last = self.last, super().phonemize(segment)
        return before or self.last


class SpeaksPunctuation(Spelling):
    def phonemize(self, segment):
        return super().phonemize(segment) or [PhonemeWord("", "dot")]


class Beeper(Engine):
    """A correct engine that beeps once a word."""

    name = "beeper"
    accepts = "text"
    rate_range = (0.5, 2.0)

    def __init__(self):
        self.opened = False

    def open(self, runtime):
        self.opened = True

    def close(self):
        self.opened = False

    def info(self):
        return EngineInfo("beeper", 24000)

    def voices(self):
        return [Voice("one", "en-US"), Voice("two", "de")]

    @property
    def aliases(self):
        return {"alloy": "one"}

    @property
    def fingerprint(self):
        return "beeper"

    def infer(self, segment, cancellation):
        cancellation.check()
        assert self.opened
        words = segment.text.split()
        length = round(2400 * len(words) / segment.prosody.rate)
        samples = np.sin(np.arange(length) * 0.1).astype(np.float32)
        return AudioChunk(samples, 24000, tuple(self.timings(segment, words, length / 24000)))

    def timings(self, segment, words, seconds):
        position = 0
        for index, word in enumerate(words):
            start = segment.text.index(word, position)
            position = start + len(word)
            times = (index * seconds / len(words), (index + 1) * seconds / len(words))
            yield WordTiming(word, *times, segment.alignment.source(start, position))


def altered(**changes):
    def infer(self, segment, cancellation):
        made = Beeper.infer(self, segment, cancellation)
        values = {"samples": made.samples, "sample_rate": made.sample_rate, "words": made.words}
        return AudioChunk(**values | {name: change(made) for name, change in changes.items()})

    return type("Altered", (Beeper,), {"infer": infer})


class Unsteady(Beeper):
    def __init__(self):
        super().__init__()
        self.random = np.random.default_rng(1)

    def infer(self, segment, cancellation):
        made = super().infer(segment, cancellation)
        noise = self.random.uniform(-0.01, 0, len(made.samples)).astype(np.float32)
        return AudioChunk(made.samples * 0.9 + noise, made.sample_rate, made.words)


class Uncancellable(Beeper):
    def infer(self, segment, cancellation):
        return super().infer(segment, Cancellation())


class Twins(Beeper):
    def voices(self):
        return [Voice("one", "en-US"), Voice("one", "en-GB")]


class NoTag(Beeper):
    def voices(self):
        return [Voice("one", "american english")]


class DanglingAlias(Beeper):
    @property
    def aliases(self):
        return {"alloy": "three"}


class ClosesOnce(Beeper):
    def close(self):
        if not self.opened:
            raise RuntimeError("already closed")
        super().close()


class NewFingerprint(Beeper):
    @property
    def fingerprint(self):
        return str(id(object())) + str(np.random.default_rng().random())


class Missing(Beeper):
    def missing(self):
        return "no beeper here"


class TestSpelling(PhonemizerConformance):
    @pytest.fixture
    def phonemizer(self):
        return Spelling()


class TestBeeper(EngineConformance):
    @pytest.fixture
    def engine(self):
        return Beeper()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (SupportsEverything, "says_which_languages_it_supports"),
        (WrongSources, "the_sources_of_the_words_are_in_order_and_inside_the_text"),
        (WrongSources, "the_text_of_a_word_is_what_its_source_says"),
        (LosesTheLast, "no_letter_or_digit_is_left_out"),
        (LosesTheLast, "words_of_a_longer_text_keep_their_phonemes"),
        (IgnoresGiven, "given_phonemes_are_used_verbatim"),
        (MixesTextsUp, "eight_threads_get_what_one_gets"),
        (SpeaksPunctuation, "text_without_words_has_no_phonemes"),
    ],
)
def test_a_broken_phonemizer_is_found(broken, test):
    with pytest.raises(AssertionError):
        getattr(PhonemizerConformance(), f"test_{test}")(broken())


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (
            altered(samples=lambda made: made.samples.astype(np.float64)),
            "speaks_float32_mono_at_the_rate_that_it_states",
        ),
        (altered(sample_rate=lambda _: 22050), "speaks_float32_mono_at_the_rate_that_it_states"),
        (
            altered(samples=lambda made: made.samples * 2),
            "its_samples_are_finite_within_full_scale_and_not_silent",
        ),
        (
            altered(samples=lambda made: made.samples * np.nan),
            "its_samples_are_finite_within_full_scale_and_not_silent",
        ),
        (
            altered(samples=lambda made: made.samples * 0),
            "its_samples_are_finite_within_full_scale_and_not_silent",
        ),
        (altered(samples=lambda made: made.samples[:9000]), "a_rate_divides_the_length"),
        (altered(words=lambda made: made.words[::-1]), "word_timings_are_in_order_and_within_the_audio"),
        (altered(samples=lambda made: made.samples[:9000]), "word_timings_are_in_order_and_within_the_audio"),
        (
            altered(
                words=lambda made: tuple(WordTiming("x", w.start_s, w.end_s, w.source) for w in made.words)
            ),
            "word_timings_name_the_words_of_the_text",
        ),
        (Unsteady, "equal_segments_sound_equal_whatever_was_spoken_in_between"),
        (Unsteady, "concurrent_runs_equal_those_alone"),
        (Twins, "has_voices_with_unique_names_and_language_tags"),
        (Twins, "finds_each_of_its_voices_and_no_other"),
        (NoTag, "has_voices_with_unique_names_and_language_tags"),
        (DanglingAlias, "its_aliases_point_to_voices"),
    ],
)
def test_a_broken_engine_is_found(broken, test):
    engine = broken()
    engine.open(EngineRuntime())
    with pytest.raises(AssertionError):
        getattr(EngineConformance(), f"test_{test}")(engine)


def test_an_engine_that_cannot_be_cancelled_is_found():
    engine = Uncancellable()
    engine.open(EngineRuntime())
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        EngineConformance().test_a_cancelled_run_raises(engine)


def test_an_engine_that_closes_only_once_is_found():
    with pytest.raises(RuntimeError, match="already closed"):
        EngineConformance().test_closing_twice_does_no_harm_and_it_opens_again(ClosesOnce(), EngineRuntime())


def test_an_engine_whose_fingerprint_changes_is_found():
    engine = NewFingerprint()
    engine.open(EngineRuntime())
    with pytest.raises(AssertionError):
        EngineConformance().test_its_fingerprint_is_stable(engine, EngineRuntime())


def test_an_engine_that_misses_something_is_found():
    with pytest.raises(AssertionError):
        EngineConformance().test_says_that_nothing_is_missing(Missing())


def test_an_engine_that_states_to_be_random_may_be():
    class Random(EngineConformance):
        deterministic = False

    engine = Unsteady()
    engine.open(EngineRuntime())
    Random().test_equal_segments_sound_equal_whatever_was_spoken_in_between(engine)
    Random().test_concurrent_runs_equal_those_alone(engine)
