"""What every `Engine` must do."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from koe.alignment import Alignment, Span
from koe.cancellation import Cancellation
from koe.errors import CancelledByCallerError
from koe.stages import Engine, EngineRuntime
from koe.types import AudioChunk, PhonemeSegment, PhonemeWord, Prosody, VoiceMix

_LANGUAGE_TAG = re.compile(
    r"[a-z]{2,8}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(-x(-[A-Za-z0-9]{1,8})+)?"
)
_SHORTEST_S = 0.05


class EngineConformance:
    """Subclass it in a test module as `Test…` and override the fixture `engine`.

    Attributes:
        deterministic: whether equal segments give equal samples; say in the engine's documentation why not.
        text: a sentence of several words, which the engine speaks in its first voice's language.
        phonemes: what each word of it is spoken as by an engine that accepts phonemes.
        rate_tolerance: how far the length at a rate may be from the length at 1.0 divided by the rate.
    """

    deterministic: ClassVar[bool] = True
    text: ClassVar[str] = "The quick brown fox jumps over the lazy dog."
    phonemes: ClassVar[str] = "fˈɑksɪz"
    rate_tolerance: ClassVar[float] = 0.06

    @pytest.fixture
    def engine(self) -> Engine:
        """The engine under test, not opened yet."""
        raise NotImplementedError("override the fixture `engine`")

    @pytest.fixture
    def runtime(self) -> EngineRuntime:
        """What it is opened with."""
        return EngineRuntime()

    @pytest.fixture
    def opened(self, engine: Engine, runtime: EngineRuntime) -> Iterator[Engine]:
        engine.open(runtime)
        try:
            yield engine
        finally:
            engine.close()

    def segment(self, engine: Engine, text: str = "", rate: float = 1.0) -> PhonemeSegment:
        """`text` (or the class's) in the first voice; its source starts at 100."""
        text = text or self.text
        voice = engine.voices()[0]
        words = [Span(*match.span()) for match in re.finditer(r"\w+", text)]
        spoken = tuple(
            PhonemeWord(
                text[span.start : span.end], self.phonemes, " ", Span(100 + span.start, 100 + span.end)
            )
            for span in words
        )
        return PhonemeSegment(
            text,
            spoken if engine.accepts == "phonemes" else (),
            VoiceMix.of(voice.name),
            voice.language,
            Prosody(rate),
            Span(100, 100 + len(text)),
            Alignment.verbatim(len(text), 100),
        )

    def speak(self, engine: Engine, text: str = "", rate: float = 1.0) -> AudioChunk:
        return engine.infer(self.segment(engine, text, rate), Cancellation())

    def test_says_that_nothing_is_missing(self, engine: Engine) -> None:
        assert engine.missing() is None

    def test_has_voices_with_unique_names_and_language_tags(self, opened: Engine) -> None:
        voices = opened.voices()
        names = [voice.name for voice in voices]
        assert names
        assert len(names) == len(set(names))
        assert [voice for voice in voices if not _LANGUAGE_TAG.fullmatch(voice.language)] == []

    def test_finds_each_of_its_voices_and_no_other(self, opened: Engine) -> None:
        for voice in opened.voices():
            assert voice == opened.find_voice(voice.name)
        assert opened.find_voice("no such voice") is None

    def test_its_aliases_point_to_voices(self, opened: Engine) -> None:
        for alias, name in opened.aliases.items():
            assert opened.find_voice(name) is not None, alias

    def test_speaks_float32_mono_at_the_rate_that_it_states(self, opened: Engine) -> None:
        chunk = self.speak(opened)
        assert chunk.samples.dtype == np.float32
        assert chunk.samples.ndim == 1
        assert opened.info().sample_rate == chunk.sample_rate
        assert chunk.seconds > _SHORTEST_S

    def test_its_samples_are_finite_within_full_scale_and_not_silent(self, opened: Engine) -> None:
        samples = self.speak(opened).samples
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() <= 1.0
        assert np.abs(samples).max() > 0.0

    def test_equal_segments_sound_equal_whatever_was_spoken_in_between(self, opened: Engine) -> None:
        first = self.speak(opened)
        self.speak(opened, f"{self.text} {self.text}", opened.rate_range[1])
        again = self.speak(opened)
        if self.deterministic:
            assert np.array_equal(first.samples, again.samples)
        else:
            assert again.seconds == pytest.approx(first.seconds, rel=0.1)
        assert [word.text for word in first.words] == [word.text for word in again.words]

    def test_a_rate_divides_the_length(self, opened: Engine) -> None:
        text = " ".join([self.text] * 4)
        length = self.speak(opened, text).seconds
        low, high = opened.rate_range
        for rate in {low, (low + 1) / 2, (1 + high) / 2, high}:
            expected = length / rate
            assert self.speak(opened, text, rate).seconds == pytest.approx(expected, rel=self.rate_tolerance)

    def test_concurrent_runs_equal_those_alone(self, opened: Engine) -> None:
        texts = [f"{self.text} {word}" for word in ("one", "two", "three", "four")] * 4
        alone = {text: self.speak(opened, text) for text in texts}
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda text: self.speak(opened, text), texts))
        for text, chunk in zip(texts, made, strict=True):
            assert [word.text for word in alone[text].words] == [word.text for word in chunk.words]
            if self.deterministic:
                assert np.array_equal(alone[text].samples, chunk.samples)

    def test_a_cancelled_run_raises(self, opened: Engine) -> None:
        cancellation = Cancellation()
        cancellation.cancel()
        with pytest.raises(CancelledByCallerError):
            opened.infer(self.segment(opened), cancellation)
        assert self.speak(opened).seconds > _SHORTEST_S

    def test_word_timings_are_in_order_and_within_the_audio(self, opened: Engine) -> None:
        chunk = self.speak(opened)
        position, start = 100, 0.0
        for word in chunk.words:
            assert start <= word.start_s <= word.end_s <= chunk.seconds + 1e-6, word
            assert position <= word.source.start <= word.source.end <= 100 + len(self.text), word
            position, start = word.source.start, word.start_s

    def test_word_timings_name_the_words_of_the_text(self, opened: Engine) -> None:
        for word in self.speak(opened).words:
            assert word.text in self.text[word.source.start - 100 : word.source.end - 100], word

    def test_its_fingerprint_is_stable(self, opened: Engine, runtime: EngineRuntime) -> None:
        before = opened.fingerprint
        assert before
        self.speak(opened)
        opened.close()
        opened.open(runtime)
        assert before == opened.fingerprint

    def test_while_it_is_unloaded_it_is_known_as_before_and_then_it_speaks_again(
        self, opened: Engine
    ) -> None:
        length = self.speak(opened).seconds
        known = _known(opened)
        for _ in range(2):
            opened.unload()
            opened.unload()
            assert known == _known(opened)
            opened.load()
            opened.load()
            assert self.speak(opened).seconds == pytest.approx(length, rel=0.1)
        assert known == _known(opened)

    def test_it_can_be_closed_while_it_is_unloaded(self, opened: Engine, runtime: EngineRuntime) -> None:
        opened.unload()
        opened.close()
        opened.open(runtime)
        assert self.speak(opened).seconds > _SHORTEST_S

    def test_closing_twice_does_no_harm_and_it_opens_again(
        self, engine: Engine, runtime: EngineRuntime
    ) -> None:
        lengths: Sequence[float] = []
        for _ in range(2):
            engine.open(runtime)
            lengths = [*lengths, self.speak(engine).seconds]
            engine.close()
            engine.close()
        assert lengths[1] == pytest.approx(lengths[0], rel=0.1)


def _known(engine: Engine) -> tuple[object, ...]:
    """What the core asks of an engine without speaking."""
    return (
        engine.info(),
        tuple(engine.voices()),
        dict(engine.aliases),
        engine.vocabulary,
        engine.rate_range,
        engine.times_words,
        engine.fingerprint,
    )
