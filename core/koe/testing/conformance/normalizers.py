"""What every normalizer and markup parser must do."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from koe.alignment import Span
from koe.api import (
    GivenPhonemes,
    MarkupContext,
    MarkupParser,
    Normalizer,
    Prosody,
    Segment,
    SpeechRequest,
    VoiceMix,
)

TEXTS = (
    "Hello world.",
    "Dr. Smith paid $3.50 on 5 May 2026. Did he? Yes!",
    "One line\nand another.\n\nA new paragraph…",
    "naïve café — “quoted” (bracketed) 日本語。",
    "no punctuation at all",
    "   ",
    "",
)


class NormalizerConformance:
    """Subclass, and override `normalizer` with a fixture that builds yours."""

    language = "en-US"
    texts: Sequence[str] = TEXTS

    @pytest.fixture
    def normalizer(self) -> Normalizer:
        raise NotImplementedError("override the fixture `normalizer`")

    def segment(self, text: str, given: tuple[GivenPhonemes, ...] = ()) -> Segment:
        return Segment(text, VoiceMix.of("any"), self.language, given=given)

    def segments(self, normalizer: Normalizer, segment: Segment) -> list[Segment]:
        return [part for part in normalizer.normalize(segment) if isinstance(part, Segment)]

    def test_has_a_name(self, normalizer: Normalizer) -> None:
        assert normalizer.name
        assert normalizer.name == normalizer.name.strip().lower()

    def test_alignment_covers_the_text(self, normalizer: Normalizer) -> None:
        """Every character of the result maps to a span of the text that came in."""
        for text in self.texts:
            for segment in self.segments(normalizer, self.segment(text)):
                assert len(segment.alignment) == len(segment.text), f"alignment and text differ for {text!r}"
                span = segment.source()
                assert 0 <= span.start <= span.end <= len(text)

    def test_segments_stay_in_order(self, normalizer: Normalizer) -> None:
        for text in self.texts:
            made = normalizer.normalize(self.segment(text))
            starts = [
                part.source().start if isinstance(part, Segment) else part.source.start for part in made
            ]
            assert starts == sorted(starts)

    def test_clips_pauses_and_marks_name_the_text_in_whose_place_they_stand(
        self, normalizer: Normalizer
    ) -> None:
        for text in self.texts:
            for part in normalizer.normalize(self.segment(text)):
                if not isinstance(part, Segment):
                    assert 0 <= part.source.start <= part.source.end <= len(text), f"{part} of {text!r}"

    def test_keeps_voice_language_and_prosody(self, normalizer: Normalizer) -> None:
        prosody = Prosody(rate=1.25, volume_db=3.0, pitch_semitones=-2.0)
        for segment in self.segments(normalizer, evolve(self.segment(TEXTS[1]), prosody=prosody)):
            kept = (segment.voice, segment.language, segment.prosody)
            assert kept == (VoiceMix.of("any"), self.language, prosody)

    def test_given_phonemes_survive(self, normalizer: Normalizer) -> None:
        """Phonemes that the user gave stay on the same characters, unless audio stands in their place."""
        for text in ("Say Kokoro. Then stop.", *self.texts):
            for word in re.finditer(r"\w+", text):
                given = GivenPhonemes(Span(*word.span()), "kˈOkəɹO")
                parts = list(normalizer.normalize(self.segment(text, (given,))))
                kept = [one for part in parts if isinstance(part, Segment) for one in _given(part)]
                gone = any(
                    not isinstance(part, Segment) and part.source.overlaps(given.span) for part in parts
                )
                assert kept == ([] if gone else [(word[0], given.phonemes)]), f"{word[0]!r} in {text!r}"

    def test_is_deterministic(self, normalizer: Normalizer) -> None:
        for text in self.texts:
            first = [segment.text for segment in self.segments(normalizer, self.segment(text))]
            assert [segment.text for segment in self.segments(normalizer, self.segment(text))] == first

    def test_threads_get_what_one_gets(self, normalizer: Normalizer) -> None:
        """Requests share the normalizer."""
        segments = [self.segment(text) for text in self.texts] * 8
        alone = [self.segments(normalizer, segment) for segment in segments]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda segment: self.segments(normalizer, segment), segments)) == alone


def _given(segment: Segment) -> list[tuple[str, str]]:
    """The characters that have given phonemes, and those."""
    return [(segment.text[one.span.start : one.span.end], one.phonemes) for one in segment.given]


class MarkupParserConformance:
    """Subclass, override `parser` with a fixture that builds yours, and `document` with a text it reads."""

    document = "Hello world."

    @pytest.fixture
    def parser(self) -> MarkupParser:
        raise NotImplementedError("override the fixture `parser`")

    def test_has_a_name(self, parser: MarkupParser) -> None:
        assert parser.name

    def test_parses_into_aligned_segments(self, parser: MarkupParser) -> None:
        context = MarkupContext(VoiceMix.of("any"), "en-US")
        utterance = parser.parse(SpeechRequest(self.document), context)
        segments = [part for part in utterance.parts if isinstance(part, Segment)]
        assert segments
        for segment in segments:
            assert len(segment.alignment) == len(segment.text)
            assert 0 <= segment.source().start <= segment.source().end <= len(self.document)

    def test_segments_without_their_own_take_voice_and_language_of_the_request(
        self, parser: MarkupParser
    ) -> None:
        context = MarkupContext(VoiceMix.of("someone"), "en-GB")
        utterance = parser.parse(SpeechRequest(self.document), context)
        first = next(part for part in utterance.parts if isinstance(part, Segment))
        assert (first.voice, first.language) == (VoiceMix.of("someone"), "en-GB")
