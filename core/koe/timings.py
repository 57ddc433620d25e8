"""Guesses when each word of a segment is spoken, for engines that do not say."""

import re
from collections.abc import Iterator

from koe.alignment import Span
from koe.types import AudioChunk, PhonemeSegment, WordTiming

_WORD = re.compile(r"\S+")


def estimated_words(segment: PhonemeSegment, chunk: AudioChunk) -> tuple[WordTiming, ...]:
    """The words spread over the chunk in proportion to their symbols: an estimate, no measurement."""
    words = list(_weighted(segment))
    total = sum(weight for *_, weight in words)
    timings: list[WordTiming] = []
    position = 0.0
    for text, source, length, weight in words:
        start_s = position / total * chunk.seconds
        timings.append(WordTiming(text, start_s, (position + length) / total * chunk.seconds, source))
        position += weight
    return tuple(timings)


def _weighted(segment: PhonemeSegment) -> Iterator[tuple[str, Span, float, float]]:
    """Text and source of each word, its length, and its length with what follows it."""
    for word in segment.words:
        if word.phonemes:
            yield word.text, word.source, len(word.phonemes), len(word.phonemes) + len(word.tail)
    if not segment.words:
        for match in _WORD.finditer(segment.text):
            source = segment.alignment.source(match.start(), match.end())
            yield match[0], source, len(match[0]), len(match[0]) + 1
