"""The stems that a written word with an ending may have."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import frozen

Ending: TypeAlias = Literal["s", "ed", "ing"]

_DOUBLED = re.compile(r"(.+([bcdgklmnprstvxz]))\2ing|(.+c)king")


@frozen
class _Rule:
    """`written` at the end becomes `stem`, where at least `least` letters stand before it.

    Words that end with `unless` are spelt so for another reason.
    """

    written: str
    stem: str
    least: int
    unless: str = "\n"

    def apply(self, word: str) -> Iterator[str]:
        rest = word.removesuffix(self.written)
        if rest != word and len(rest) >= self.least and not word.endswith(self.unless):
            yield rest + self.stem


_RULES: dict[Ending, tuple[_Rule, ...]] = {
    "s": (_Rule("s", "", 2, "ss"), _Rule("'s", "", 1), _Rule("es", "", 3, "ies"), _Rule("ies", "y", 2)),
    "ed": (_Rule("d", "", 3, "dd"), _Rule("ed", "", 3, "eed")),
    "ing": (_Rule("ing", "", 3), _Rule("ing", "e", 2)),
}
ENDINGS: tuple[Ending, ...] = tuple(_RULES)


def stems(word: str, ending: Ending) -> Iterator[str]:
    """What may be left of the word without the ending, the likeliest first."""
    for rule in _RULES[ending]:
        yield from rule.apply(word)
    doubled = _DOUBLED.fullmatch(word) if ending == "ing" else None
    if doubled:
        yield doubled[1] or doubled[3]
