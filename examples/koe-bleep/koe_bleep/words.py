"""Finds the words of a list in a text."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen
from koe.api import Span

from koe_bleep.config import ANY, BleepConfig

_FIRST_CJK = "\u2e80"
"""Chinese and Japanese have no spaces: their words are found wherever they stand."""
_APOSTROPHES = "'’"
_ENDING = rf"(?:\w|[{_APOSTROPHES}]\w)*"
_BEGINS = rf"(?<!\w)(?<!\w[{_APOSTROPHES}])"
_ENDS = rf"(?![{_APOSTROPHES}]?\w)"


@frozen
class WordLists:
    """The lists of all languages, ready to be searched for. An apostrophe joins letters to one word."""

    _by_language: Mapping[str, tuple[re.Pattern[str], ...]]

    @classmethod
    def of(cls, config: BleepConfig) -> "WordLists":
        return cls({tag.lower(): _patterns(words, config.case) for tag, words in config.words.items()})

    def find(self, text: str, language: str) -> Sequence[Span]:
        """Where the words of the BCP 47 `language` stand, in order; what overlaps is one span."""
        found = (
            Span(*match.span())
            for tag, patterns in self._by_language.items()
            if _speaks(language.lower(), tag)
            for pattern in patterns
            for match in pattern.finditer(text)
        )
        return joined(found)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in order; those that overlap as one."""
    made: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if made and span.overlaps(made[-1]):
            span = Span(made[-1].start, max(made.pop().end, span.end))  # noqa: PLW2901 - it grows
        made.append(span)
    return made


def _speaks(language: str, tag: str) -> bool:
    return tag in {ANY, language} or language.startswith(f"{tag}-")


def _patterns(words: Iterable[str], case: str) -> tuple[re.Pattern[str], ...]:
    """One pattern for the words in any case, and one for those as they are written."""
    by_flag: dict[re.RegexFlag, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        any_case = case == "ignore" or (case == "smart" and word == word.lower())
        by_flag.setdefault(re.IGNORECASE if any_case else re.NOFLAG, []).append(word)
    return tuple(re.compile("|".join(map(_pattern, written)), flag) for flag, written in by_flag.items())


def _pattern(word: str) -> str:
    stem = word.strip().removesuffix("*")
    parts = r"\s+".join(map(re.escape, stem.split()))
    ending = _ENDING if word.strip().endswith("*") else ""
    return "".join(_bounded(stem.strip(), parts, ending))


def _bounded(stem: str, parts: str, ending: str) -> Iterator[str]:
    yield _BEGINS if stem[0] < _FIRST_CJK else ""
    yield parts + ending
    yield _ENDS if stem[-1] < _FIRST_CJK else ""
