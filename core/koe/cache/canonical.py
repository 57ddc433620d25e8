"""Segments without what is the request's own, and word timings brought back to a request's text."""

from attrs import evolve

from koe.stages import Engine
from koe.types import Alignment, PhonemeSegment, PhonemeWord, Span, WordTiming


def canonical(segment: PhonemeSegment, engine: Engine) -> PhonemeSegment:
    """What `engine` is to hear of `segment`, the same for every request that says the same.

    Engines that read phonemes get no letters, and each word's index as its source span; those that read text
    get the text as if it were all of the user's.
    """
    if engine.accepts == "text":
        alignment = Alignment.verbatim(len(segment.text))
        source = Span(0, len(segment.text))
        return PhonemeSegment(
            segment.text, (), segment.voice, segment.language, segment.prosody, source, alignment
        )
    words = tuple(
        PhonemeWord("", word.phonemes, word.tail, Span(index, index + 1))
        for index, word in enumerate(segment.words)
    )
    return PhonemeSegment("", words, segment.voice, segment.language, segment.prosody, Span(0, len(words)))


def extent(segment: PhonemeSegment) -> int:
    """How far the source spans of a canonical segment's word timings may go."""
    return len(segment.words) or len(segment.text)


def restored(words: tuple[WordTiming, ...], segment: PhonemeSegment) -> tuple[WordTiming, ...]:
    """The timings of a canonical segment as those of `segment`, of which it was made.

    Raises:
        ValueError: a timing is of no word of the segment.
    """
    return tuple(_restored(word, segment) for word in words)


def _restored(timing: WordTiming, segment: PhonemeSegment) -> WordTiming:
    start, end = timing.source.start, timing.source.end
    if not segment.words:
        if not 0 <= start <= end <= len(segment.text):
            raise ValueError(f"a word is timed at {start}:{end} of a text of {len(segment.text)} characters")
        return evolve(timing, text=segment.text[start:end], source=segment.alignment.source(start, end))
    if not 0 <= start < end <= len(segment.words):
        raise ValueError(f"words {start}:{end} of {len(segment.words)} are timed")
    spoken = segment.words[start:end]
    source = Span(spoken[0].source.start, spoken[-1].source.end)
    return evolve(timing, text=" ".join(word.text for word in spoken), source=source)
