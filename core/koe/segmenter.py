"""Cuts phonemized words into segments that fit one inference."""

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from koe.types import PhonemeSegment, PhonemeWord, Segment

_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(',;:—–()"“”')


@frozen
class Words:
    """Words that an engine can speak, and the symbols that it cannot."""

    words: tuple[PhonemeWord, ...]
    unknown_symbols: tuple[str, ...]


def within_vocabulary(words: Iterable[PhonemeWord], vocabulary: frozenset[str] | None) -> Words:
    """Leave out the symbols outside `vocabulary`, and say which they were."""
    if vocabulary is None:
        return Words(tuple(words), ())
    kept: list[PhonemeWord] = []
    unknown: dict[str, None] = {}
    for word in words:
        unknown.update((symbol, None) for symbol in word.phonemes + word.tail if symbol not in vocabulary)
        kept.append(
            evolve(word, phonemes=_known(word.phonemes, vocabulary), tail=_known(word.tail, vocabulary))
        )
    return Words(tuple(kept), tuple(unknown))


def cut_phonemes(
    segment: Segment, words: Sequence[PhonemeWord], vocabulary: frozenset[str] | None, limit: int | None
) -> Iterator[PhonemeSegment]:
    """The segments of at most `limit` phoneme symbols (punctuation and spaces count) that say `words`.

    Cuts at the last sentence end that fits, else the last clause end, else between words; a single word
    over the limit is cut inside. Nothing is left out but symbols outside `vocabulary`, which each segment
    names, and punctuation that would be a segment of its own.
    """
    known = within_vocabulary(words, vocabulary)
    for group in _groups(known.words, limit):
        if any(word.phonemes for word in group):
            yield _phoneme_segment(segment, group, known.unknown_symbols)


def cut_text(segment: Segment, limit: int) -> Iterator[PhonemeSegment]:
    """The segments of at most `limit` characters for an engine that accepts text."""
    start, text = 0, segment.text
    while start < len(text):
        end = len(text) if len(text) - start <= limit else _text_break(text, start, start + limit)
        piece = segment.slice(start, end)
        if piece.text.strip():
            yield PhonemeSegment(
                text=piece.text,
                words=(),
                voice=segment.voice,
                language=segment.language,
                prosody=segment.prosody,
                source=piece.source(),
                alignment=piece.alignment,
            )
        start = end


def _known(symbols: str, vocabulary: frozenset[str]) -> str:
    return "".join(symbol for symbol in symbols if symbol in vocabulary)


def _size(word: PhonemeWord) -> int:
    return len(word.phonemes) + len(word.tail)


def _groups(words: Sequence[PhonemeWord], limit: int | None) -> Iterator[Sequence[PhonemeWord]]:
    if limit is None or sum(map(_size, words)) <= limit:
        yield words
        return
    rest = [piece for word in words for piece in _pieces(word, limit)]
    start = 0
    while start < len(rest):
        end = _group_end(rest, start, limit)
        yield rest[start:end]
        start = end


def _group_end(words: Sequence[PhonemeWord], start: int, limit: int) -> int:
    """The best place to end the group that begins at `start`."""
    end, size = start, 0
    while end < len(words) and size + _size(words[end]) <= limit:
        size += _size(words[end])
        end += 1
    if end == len(words):
        return end
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for place in range(end, start, -1):
            if ends.intersection(words[place - 1].tail):
                return place
    return end


def _pieces(word: PhonemeWord, limit: int) -> Iterator[PhonemeWord]:
    """The word itself, or cut where it alone is over the limit."""
    phonemes, tail = word.phonemes, word.tail
    while len(phonemes) + len(tail) > limit:
        if len(phonemes) <= 1:
            yield evolve(word, phonemes=phonemes, tail=tail[: limit - len(phonemes)])
            phonemes, tail = "", tail[limit - len(phonemes) :]
            continue
        cut = min(limit, len(phonemes) - 1)
        yield evolve(word, phonemes=phonemes[:cut], tail="")
        phonemes = phonemes[cut:]
    if phonemes or tail or not word.phonemes:
        yield evolve(word, phonemes=phonemes, tail=tail)


def _phoneme_segment(
    segment: Segment, words: Sequence[PhonemeWord], unknown_symbols: tuple[str, ...]
) -> PhonemeSegment:
    first = min(word.source.start for word in words)
    last = max(word.source.end for word in words)
    return PhonemeSegment(
        text=" ".join(word.text for word in words if word.text),
        words=tuple(words),
        voice=segment.voice,
        language=segment.language,
        prosody=segment.prosody,
        source=evolve(words[0].source, start=first, end=last),
        alignment=segment.alignment,
        unknown_symbols=unknown_symbols,
    )


def _text_break(text: str, start: int, limit: int) -> int:
    """Where to cut before `limit`: after a clause end, else after a space, else right there."""
    window = text[start:limit]
    for ends in (_SENTENCE_ENDS | _CLAUSE_ENDS, frozenset(" \n\t")):
        for place in range(len(window), len(window) // 3, -1):
            if window[place - 1] in ends:
                return start + place
    return limit
