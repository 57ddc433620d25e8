"""What every `Phonemizer` must do."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, TypeVar

import pytest

from koe.alignment import Alignment, Span
from koe.stages import Phonemizer
from koe.types import GivenPhonemes, PhonemeWord, Segment, VoiceMix

T = TypeVar("T")

_ODD = (
    "",
    " ",
    "\n\t",
    "...",
    "“…”",
    "\x00",
    "\ud800",
    "\U0001f600",
    "a\x01b",
    "x" * 2000,
    "- - -",
    "[[h@l'oU]]",
)


class PhonemizerConformance:
    """Subclass it in a test module as `Test…` and override the fixture `phonemizer`.

    Attributes:
        language: one that it supports.
        unsupported_language: one that it does not support.
        sentences: in `language`, spoken by it with at least one phoneme each.
    """

    language: ClassVar[str] = "en-US"
    unsupported_language: ClassVar[str] = "qaa"
    sentences: ClassVar[Sequence[str]] = (
        "Hello, world!",
        "The end of the story: it was in 1984.",
        '"To be or not to be" — that is (maybe) the question…',
    )

    @pytest.fixture
    def phonemizer(self) -> Phonemizer:
        """The phonemizer under test."""
        raise NotImplementedError("override the fixture `phonemizer`")

    def segment(self, text: str, given: tuple[GivenPhonemes, ...] = (), source_start: int = 0) -> Segment:
        alignment = Alignment.verbatim(len(text), source_start)
        return Segment(text, VoiceMix.of("any"), self.language, alignment=alignment, given=given)

    def test_has_a_name(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.name

    def test_says_which_languages_it_supports(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.supports(self.language) is True
        assert phonemizer.supports(self.unsupported_language) is False

    def test_speaks_every_sentence(self, phonemizer: Phonemizer) -> None:
        for text in self.sentences:
            assert any(word.phonemes for word in phonemizer.phonemize(self.segment(text))), text

    def test_the_sources_of_the_words_are_in_order_and_inside_the_text(self, phonemizer: Phonemizer) -> None:
        for text in self.sentences:
            position = 100
            for word in phonemizer.phonemize(self.segment(text, source_start=100)):
                assert position <= word.source.start <= word.source.end <= 100 + len(text), word
                position = word.source.end

    def test_the_text_of_a_word_is_what_its_source_says(self, phonemizer: Phonemizer) -> None:
        for text in self.sentences:
            for word in phonemizer.phonemize(self.segment(text)):
                assert word.text in text[word.source.start : word.source.end], word

    def test_parts_of_speech_are_those_of_words_in_order_or_unknown(self, phonemizer: Phonemizer) -> None:
        told = [phonemizer.parts_of_speech(self.segment(text)) for text in (*self.sentences, *_ODD)]
        assert len({tags is None for tags in told}) == 1, (
            "it depends on the language alone whether it can tell"
        )
        for text, tags in zip((*self.sentences, *_ODD), told, strict=True):
            position = 0
            for word, tag in tags or ():
                assert position <= word.start < word.end <= len(text), word
                assert tag, word
                position = word.end

    def test_no_letter_or_digit_is_left_out(self, phonemizer: Phonemizer) -> None:
        for text in self.sentences:
            spoken = "".join(word.text for word in phonemizer.phonemize(self.segment(text)))
            assert _letters(text) == _letters(spoken)

    def test_words_of_a_longer_text_keep_their_phonemes(self, phonemizer: Phonemizer) -> None:
        """Sentences in one text are spoken like those on their own: nothing is lost on the way."""
        alone = [_phonemes(phonemizer.phonemize(self.segment(text))) for text in self.sentences]
        together = phonemizer.phonemize(self.segment("\n\n".join(self.sentences)))
        assert " ".join(alone) == _phonemes(together)

    def test_phonemes_and_words_hold_no_surrounding_space(self, phonemizer: Phonemizer) -> None:
        for text in self.sentences:
            for word in phonemizer.phonemize(self.segment(text)):
                assert (word.phonemes, word.text) == (word.phonemes.strip(), word.text.strip())

    def test_given_phonemes_are_used_verbatim(self, phonemizer: Phonemizer) -> None:
        text = f"{self.sentences[0]} Koe {self.sentences[1]}"
        start = text.index("Koe")
        given = GivenPhonemes(Span(start, start + 3), "kˈoːɛ!ʔ")
        words = phonemizer.phonemize(self.segment(text, (given,)))
        assert [word.phonemes for word in words if word.source == given.span] == [given.phonemes]
        assert not any(word.source.overlaps(given.span) for word in words if word.source != given.span)

    def test_text_without_words_has_no_phonemes(self, phonemizer: Phonemizer) -> None:
        for text in ("", " ", "\n", "...", "“…”", '"'):
            assert not any(word.phonemes for word in phonemizer.phonemize(self.segment(text))), text

    def test_odd_text_does_no_harm(self, phonemizer: Phonemizer) -> None:
        before = phonemizer.phonemize(self.segment(self.sentences[0]))
        for text in _ODD:
            phonemizer.phonemize(self.segment(text))
        assert before == phonemizer.phonemize(self.segment(self.sentences[0]))

    def test_eight_threads_get_what_one_gets(self, phonemizer: Phonemizer) -> None:
        segments = [self.segment(f"{number}. {self.sentences[number % 3]} {number}") for number in range(50)]
        alone = [list(phonemizer.phonemize(segment)) for segment in segments]
        with ThreadPoolExecutor(8) as pool:
            rounds = [pool.submit(_all, phonemizer, segments, turn) for turn in range(8)]
            for turn, made in enumerate(rounds):
                assert _rotated(alone, turn) == made.result()


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _phonemes(words: Sequence[PhonemeWord]) -> str:
    return " ".join(word.phonemes for word in words if word.phonemes)


def _rotated(items: Sequence[T], turn: int) -> list[T]:
    return [*items[turn * 6 :], *items[: turn * 6]]


def _all(phonemizer: Phonemizer, segments: Sequence[Segment], turn: int) -> list[list[PhonemeWord]]:
    return [list(phonemizer.phonemize(segment)) for segment in _rotated(segments, turn)]
