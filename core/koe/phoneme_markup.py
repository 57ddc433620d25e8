"""The markup `phonemes`: the whole text is IPA, and nothing in it is looked up or rewritten."""

import re
from collections.abc import Iterator

from koe.alignment import Alignment, Span
from koe.stages import MarkupContext, MarkupParser
from koe.types import GivenPhonemes, PhonemeWord, Segment, SpeechRequest, Utterance

_PUNCTUATION = frozenset(';:,.!?—…"()“”')
_WORD = re.compile(r"\S+")
_SPACES = re.compile(r"\s+")


class Phonemes(MarkupParser):
    """IPA in the alphabet of the engine, words parted by spaces."""

    name = "phonemes"
    gives_phonemes = True

    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        text = request.text.strip()
        if not text:
            return Utterance(())
        alignment = Alignment.verbatim(len(text), request.text.index(text))
        given = GivenPhonemes(Span(0, len(text)), text)
        return Utterance(
            (Segment(text, context.voice, context.language, alignment=alignment, given=(given,)),)
        )


def given_words(segment: Segment) -> list[PhonemeWord]:
    """The words of a `wholly_given` segment.

    Where its text is the phonemes themselves, they are parted at spaces, so that they can be cut into
    segments and timed word by word; otherwise all of them are the text's.
    """
    text, phonemes = segment.text, segment.given[0].phonemes
    if text != phonemes:
        return [PhonemeWord(text, _SPACES.sub(" ", phonemes), "", segment.source())]
    return list(_words(segment))


def _words(segment: Segment) -> Iterator[PhonemeWord]:
    text = segment.text
    for match in _WORD.finditer(text):
        start, end = match.span()
        tail = " " if end < len(text) else ""
        while end > start and text[end - 1] in _PUNCTUATION:
            end -= 1
        spoken = text[start:end]
        yield PhonemeWord(spoken, spoken, text[end : match.end()] + tail, segment.source(start, end))
