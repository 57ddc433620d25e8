"""What is asked for: texts that no cache knows, and the same few over and over."""

import random
import re
from collections.abc import Sequence

from attrs import define, field

WORDS = (
    "the morning began with a thin rain over the harbour and nobody in the town remembered when the old "
    "clock had stopped so the captain looked at the tide while dogs and children ran through the market "
    "until noon when the fish were gone and every basket was empty again"
).split()
"""Of a story. Some are in it more than once: words are to come as often as in speech."""

CACHED = 8
"""How many texts take turns where the same are asked for again."""

_OPENINGS = """after around because before beneath between despite during inside outside since toward under
within above along among behind below beside beyond near past twelve thirteen fourteen fifteen twenty thirty
forty fifty sixty quiet noisy bitter gentle heavy narrow silver golden wooden broken hidden frozen distant
early sudden little great yellow purple lonely hungry thirsty crowded""".split()
_STEP = 104_729
"""A prime: going around in steps of it meets every opening before one comes again."""


@define
class Texts:
    """Two sentences each, some five to ten seconds long, none of them like another from its first words on.

    Attributes:
        seed: another one gives other texts.
    """

    seed: int
    _chance: random.Random = field(init=False)
    _opening: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - no secret
        self._opening = self._chance.randrange(len(_OPENINGS) ** 3)

    def text(self) -> str:
        first = f"{self._fresh_opening()}, {self._words(self._chance.randint(4, 9))}"
        second = self._words(self._chance.randint(6, 12))
        return f"{first.capitalize()}. {second.capitalize()}."

    def _fresh_opening(self) -> str:
        self._opening = (self._opening + _STEP) % len(_OPENINGS) ** 3
        rest, third = divmod(self._opening, len(_OPENINGS))
        first, second = divmod(rest, len(_OPENINGS))
        return " ".join(_OPENINGS[number] for number in (third, second, first))

    def _words(self, count: int) -> str:
        return " ".join(self._chance.choice(WORDS) for _ in range(count))


@define
class GivenTexts:
    """Texts of the user's own, one after the other.

    Once all were used, they come again with a number before each of their sentences, so that none is a text
    that was spoken before.
    """

    lines: Sequence[str]
    _used: int = 0

    @property
    def repeated(self) -> bool:
        return self._used > len(self.lines)

    def text(self) -> str:
        again, place = divmod(self._used, len(self.lines))
        self._used += 1
        return numbered(self.lines[place], self._used) if again else self.lines[place]


def numbered(text: str, number: int) -> str:
    """The text with `number` before each of its sentences."""
    return " ".join(f"{number}: {sentence}" for sentence in re.split(r"(?<=[.!?])\s+", text))
