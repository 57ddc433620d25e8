"""The phonemizer `espeak`: IPA of whole clauses, word by word."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence

from koe.api import GivenPhonemes, PhonemeWord, Phonemizer, Segment, Span, UnsupportedLanguageError

from koe_espeak.languages import Languages
from koe_espeak.library import Library, Tuning
from koe_espeak.owner import Espeak
from koe_espeak.speakable import Speakable
from koe_espeak.words import Word, place, split_words, tail

# What comes out when "whisky" interrupts French: (en)wˈɪski(fr), with ties (͡e͡n)wˈɪski(͡f͡r)
_LANGUAGE_SWITCH = re.compile("\\((?:\u0361?[a-z]){2,3}(?:\u0361?-(?:\u0361?[a-z0-9])+)*\u0361?\\)")
# Only the words' places in the text are wanted of the audio: fast and high is the cheapest to make.
_HASTE = Tuning(rate_wpm=350, pitch=99)


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
        """Whether espeak-ng has a voice for the tag. The first call loads the library for a moment."""
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
                    self._languages = Languages.of(self._espeak.run(lambda library: library.voices()))
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
        spoken = self._espeak.run(
            lambda library: _speak(library, identifier, speakable.text, ties=self._ties)
        )
        placed = [(speakable.original(position), phonemes) for position, phonemes in spoken]
        words = place(part, split_words(part), placed)
        for word in words:
            word.span = Span(word.span.start + stretch.start, word.span.end + stretch.start)
        return words


def _speak(library: Library, identifier: str, text: str, *, ties: bool) -> list[tuple[int, str]]:
    """The phonemes of each word that espeak-ng speaks and the character at which it starts."""
    library.set_voice(identifier)
    library.tune(_HASTE)
    phonemes = library.phonemes(text, ties=ties)
    clauses = [_LANGUAGE_SWITCH.sub("", clause).split(" ") for clause in phonemes if clause]
    if not clauses:
        return []
    places = [
        [position for position, _ in clause.words]
        for clause in library.synthesize(text, stop=lambda: False).clauses
    ]
    return [(position, spoken) for position, spoken in _paired(clauses, places) if spoken]


def _paired(clauses: Sequence[Sequence[str]], places: Sequence[Sequence[int]]) -> Iterator[tuple[int, str]]:
    """Each word's place, silent words included; where the numbers differ, nothing is taken apart."""
    if len(clauses) != len(places):
        yield 0, _joined(word for clause in clauses for word in clause)
        return
    for words, positions in zip(clauses, places, strict=True):
        if len(words) == len(positions):
            yield from zip(positions, words, strict=True)
        else:
            yield positions[0], _joined(words)


def _joined(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word)


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
