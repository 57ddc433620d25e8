"""Phonemes with their words, as the core takes them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from attrs import evolve
from koe.api import PhonemeWord, Segment

from koe_g2p.words import Word, split

Parts: TypeAlias = Iterable[tuple[str, str]]
"""Consecutive stretches of a text that make up all of it, each with its phonemes."""

_SCRIPT = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|[^A-Za-z]+")


def read(segment: Segment, phonemes: Callable[[str, Sequence[Word]], Sequence[str]]) -> list[PhonemeWord]:
    """The segment's words; `phonemes` says all of them at once."""
    found = split(segment.text, segment.given)
    said = zip(found.words, phonemes(segment.text, found.words), strict=True)
    return _assembled(segment, found.opening, found.words, said)


def read_scripts(
    segment: Segment, native: Callable[[str], Parts], latin: Callable[[str], str]
) -> list[PhonemeWord]:
    """The same where words are not parted by spaces: `native` takes stretches between punctuation apart.

    `latin` says the Latin words among them.
    """
    found = split(segment.text, segment.given)
    said = (one for word in found.words for one in _parts(segment.text, word, native, latin))
    return _assembled(segment, found.opening, found.words, said)


def _parts(
    text: str, word: Word, native: Callable[[str], Parts], latin: Callable[[str], str]
) -> Iterator[tuple[Word, str]]:
    """The word's parts as words of their own, with spaces between them."""
    if word.given is not None:
        yield word, word.given
        return
    parts: list[tuple[str, str]] = []
    for stretch in _SCRIPT.findall(text[word.start : word.end]):
        parts.extend(
            [(stretch, latin(stretch))] if stretch[0].isascii() and stretch[0].isalpha() else native(stretch)
        )
    start = word.start
    for index, (part, said) in enumerate(parts):
        tail = word.tail if index + 1 == len(parts) else " "
        yield Word(part, start, start + len(part), tail), said
        start += len(part)


def _assembled(
    segment: Segment, opening: str, words: Sequence[Word], said: Iterable[tuple[Word, str]]
) -> list[PhonemeWord]:
    """What the core wants; signs without a sound of their own ("*") leave only their tail."""
    made: list[PhonemeWord] = []
    if opening:
        first = words[0].start if words else len(segment.text)
        made.append(PhonemeWord("", "", opening, segment.source(0, first)))
    for word, phonemes in said:
        text = segment.text[word.start : word.end]
        if phonemes or word.given is not None or any(character.isalnum() for character in text):
            made.append(PhonemeWord(text, phonemes, word.tail, segment.source(word.start, word.end)))
        elif made and word.tail.strip():
            made[-1] = evolve(made[-1], tail=made[-1].tail.rstrip() + word.tail)
    return made
