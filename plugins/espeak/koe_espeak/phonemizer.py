"""The phonemizer `espeak`: IPA of whole clauses, word by word."""

import threading
from collections.abc import Iterator, Sequence

from koe.api import GivenPhonemes, PhonemeWord, Phonemizer, Segment, Span, UnsupportedLanguageError

from koe_espeak.languages import Languages
from koe_espeak.owner import Espeak
from koe_espeak.speakable import Speakable
from koe_espeak.words import Word, place, split_words, tail


class EspeakPhonemizer(Phonemizer):
    """Raw espeak-ng IPA with stress marks.

    Each clause is phonemized whole, since function words depend on their neighbours. espeak-ng reports the
    start of every word it speaks only while it synthesises, so each text is synthesised as well (about
    0.3 ms per second of speech): its n-th word event is the n-th word of the phonemes.
    """

    name = "espeak"

    def __init__(self, espeak: Espeak, *, ties: bool = False) -> None:
        self._espeak = espeak
        self._ties = ties
        self._lock = threading.Lock()
        self._languages: Languages | None = None

    def supports(self, language: str) -> bool:
        """Whether espeak-ng has a voice for the tag. The first call starts espeak-ng for a moment."""
        return self._catalogue().find(language) is not None

    def phonemize(self, segment: Segment) -> list[PhonemeWord]:
        """The words of the segment; their phonemes, joined by spaces, are all that espeak-ng gives.

        Source words that espeak-ng runs together ("of the") are one `PhonemeWord`. Punctuation before the
        first word comes as the tail of a word without text and phonemes. Given phonemes are used as they
        are and part the text into stretches that are phonemized on their own.

        Raises:
            UnsupportedLanguageError: espeak-ng has no voice for the segment's language.
        """
        language = self._catalogue().find(segment.language)
        if language is None:
            raise UnsupportedLanguageError(
                f"espeak-ng has no voice for the language {segment.language!r}", param="language"
            )
        return list(_with_tails(segment, list(self._words(segment, language.identifier))))

    def tied(self) -> "EspeakPhonemizer":
        """The same, with U+0361 between the letters of one sound. It shares the library."""
        return EspeakPhonemizer(self._espeak, ties=True)

    def close(self) -> None:
        """Let go of the library. Twice does no harm; the next call loads it again."""
        self._espeak.close()

    def _catalogue(self) -> Languages:
        with self._lock:
            if self._languages is None:
                try:
                    self._languages = Languages.of(self._espeak.voices())
                finally:
                    self._espeak.close()
            return self._languages

    def _words(self, segment: Segment, identifier: str) -> Iterator[Word[str]]:
        start = 0
        for given in sorted(segment.given, key=lambda given: given.span.start):
            yield from self._stretch(segment.text, Span(start, given.span.start), identifier)
            yield _given(given)
            start = given.span.end
        yield from self._stretch(segment.text, Span(start, len(segment.text)), identifier)

    def _stretch(self, text: str, stretch: Span, identifier: str) -> list[Word[str]]:
        part = text[stretch.start : stretch.end]
        if not part or part.isspace():
            return []
        speakable = Speakable.of(part)
        spoken = self._espeak.read(identifier, speakable.text, ties=self._ties)
        placed = [(speakable.original(position), phonemes) for position, phonemes in spoken]
        words = place(part, split_words(part), placed)
        for word in words:
            word.span = Span(word.span.start + stretch.start, word.span.end + stretch.start)
        return words


def _given(given: GivenPhonemes) -> Word[str]:
    return Word(given.span, [given.phonemes])


def _with_tails(segment: Segment, words: Sequence[Word[str]]) -> Iterator[PhonemeWord]:
    text = segment.text
    first = words[0].span.start if words else len(text)
    opening = tail(text[:first]).lstrip()
    if opening:
        yield PhonemeWord("", "", opening, segment.source(0, first))
    for index, word in enumerate(words):
        start, end = word.span.start, word.span.end
        following = words[index + 1].span.start if index + 1 < len(words) else len(text)
        phonemes = " ".join(word.spoken)
        yield PhonemeWord(text[start:end], phonemes, tail(text[end:following]), segment.source(start, end))
