"""Cuts phonemized words into segments that fit one inference."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from attrs import evolve, frozen

from koe.types import PhonemeSegment, PhonemeWord, Segment

_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(',;:—–()"“”，、；：')
_MARKS = {"。": ".", "！": "!", "？": "?", "，": ",", "、": ",", "；": ";", "：": ":", "–": "—"}
"""Marks that pause like another one."""
_PAUSING = frozenset(".!?…,;:—") | _MARKS.keys()
_GROUP_OPENERS = frozenset(
    """
    a about after an and as at because before between but by during for from if in into like near of on or
    over since so than that the then through to under until when where which while who with without
    al como con cuando del desde el en entre la las los o para pero por que sin sobre un una y
    au aux avec car dans de des donc du et le les mais ou où par pour quand qui sans sous sur une
    che da dal dei del della di e fra gli il lo ma nel per quando tra
    ao com como da das do dos em na nas no nos os ou para pela pelo por quando sem uma
    """.split()
)
"""Words that mostly begin a word group, in English, Spanish, French, Italian and Portuguese."""


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
    segment: Segment,
    words: Sequence[PhonemeWord],
    vocabulary: frozenset[str] | None,
    budgets: Iterator[int],
    limit: int,
) -> Iterator[PhonemeSegment]:
    """The segments that say `words`, each of about as many phoneme symbols as `budgets` gives next.

    None has more than `limit`; a single word may be over its budget.

    Punctuation and spaces count. Cuts at the last sentence end that fits, else the last clause end, else
    before a word that mostly begins a word group, else between words; a word over the limit is
    cut inside. Nothing is left out but symbols outside `vocabulary`, which each segment
    names, and punctuation that would be a segment of its own.
    """
    known = within_vocabulary(words, vocabulary)
    for group, goes_on in _groups(known.words, budgets, limit):
        yield evolve(_phoneme_segment(segment, group, known.unknown_symbols), goes_on=goes_on)


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
                boundary=boundary(piece.text),
                goes_on=end < len(text)
                and segment.source(end - 1, end).overlaps(segment.source(end, end + 1)),
            )
        start = end


def boundary(text: str) -> str:
    """The mark that pauses behind `text`; empty where it ends with a word."""
    for symbol in reversed(text):
        if symbol in _PAUSING:
            return _MARKS.get(symbol, symbol)
        if symbol.isalnum():
            break
    return ""


def _known(symbols: str, vocabulary: frozenset[str]) -> str:
    return "".join(symbol for symbol in symbols if symbol in vocabulary)


def _size(word: PhonemeWord) -> int:
    return len(word.phonemes) + len(word.tail)


def _groups(
    words: Sequence[PhonemeWord], budgets: Iterator[int], limit: int
) -> Iterator[tuple[Sequence[PhonemeWord], bool]]:
    """Groups of words that sound, each within the budget taken for it, and whether its last word goes on."""
    pieces = [piece for word in words for piece in _pieces(word, limit)]
    ends = list(accumulate(map(_size, pieces)))
    start = 0
    while any(piece.phonemes for piece in islice(pieces, start, None)):
        end = _group_end(pieces, ends, start, min(next(budgets), limit))
        if any(piece.phonemes for piece in pieces[start:end]):
            goes_on = end < len(pieces) and pieces[end - 1].source.overlaps(pieces[end].source)
            yield pieces[start:end], goes_on
        start = end


def _group_end(words: Sequence[PhonemeWord], ends: Sequence[int], start: int, budget: int) -> int:
    """The best place to end the group that begins at `start`, with at least one word in it.

    `ends` holds the symbols up to and with each word.
    """
    before = ends[start - 1] if start else 0
    if ends[-1] - before <= budget:
        return len(words)
    most = max(start + 1, bisect_right(ends, before + budget, lo=start))
    least = min(most, bisect_left(ends, before + budget // 3, lo=start) + 1)
    for marks in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for place in range(most, least - 1, -1):
            if marks.intersection(words[place - 1].tail):
                return place
    for place in range(most, least - 1, -1):
        if place < len(words) and _opens_group(words[place]) and not _opens_group(words[place - 1]):
            return place
    return most


def _opens_group(word: PhonemeWord) -> bool:
    return word.text.partition(" ")[0].lower() in _GROUP_OPENERS


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
        boundary=boundary(words[-1].phonemes[-1:] + words[-1].tail),
    )


def _text_break(text: str, start: int, limit: int) -> int:
    """Where to cut before `limit`: after a clause end, else after a space, else right there."""
    window = text[start:limit]
    for ends in (_SENTENCE_ENDS | _CLAUSE_ENDS, frozenset(" \n\t")):
        for place in range(len(window), len(window) // 3, -1):
            if window[place - 1] in ends:
                return start + place
    return limit
