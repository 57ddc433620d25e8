"""Words of several pieces, said as the longest known stretches of them."""

from collections.abc import Callable
from typing import TypeAlias

from attrs import define, field

from koe_g2p.context import Context
from koe_g2p.pieces import JUNK, kinds, pieces
from koe_g2p.stress import PRIMARY, Emphasis, weight

Say: TypeAlias = Callable[[str, Context, bool], str | None]
"""Says a stretch: its text, what follows it, and whether the word begins with it."""

_LONGEST_STRETCH = 8


@define
class Compound:
    """One word on its way through its pieces, from its end to its start."""

    word: str
    context: Context
    _pieces: list[str] = field(init=False)
    _said: list[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pieces = pieces(self.word)
        self._said = [""] * len(self._pieces)

    def phonemes(self, say: Say) -> str | None:
        """What `say` makes of the stretches, joined; None where it does not know one of them."""
        right = len(self._pieces)
        while right > 0:
            left = self._say_stretch(say, right)
            if left is None:
                if not JUNK.issuperset(self._pieces[right - 1]):
                    return None
                left = right - 1
            right = left
        return self._joined()

    def _say_stretch(self, say: Say, right: int) -> int | None:
        """Say the longest known stretch that ends here; its start."""
        for left in range(max(0, right - _LONGEST_STRETCH), right):
            text = "".join(self._pieces[left:right])
            said = None if JUNK.issuperset(text) else say(text, self.context, left == 0)
            if said is not None:
                self._said[left] = said
                self.context = self.context.before(said, text)
                return left
        return None

    def _joined(self) -> str:
        """With spaces where the word holds several kinds of characters, else with one main stress."""
        sounding = [index for index, said in enumerate(self._said) if said]
        if any(mark in self.word for mark in " /") or kinds(self.word) > 1:
            return " ".join(self._said[index] for index in sounding)
        for index in self._weaker(sounding):
            self._said[index] = Emphasis.LOWERED.apply(self._said[index])
        return "".join(self._said)

    def _weaker(self, sounding: list[int]) -> list[int]:
        """The pieces that lose their main stress."""
        if len(sounding) == 2 and len(self._pieces[sounding[0]]) == 1:  # noqa: PLR2004
            return sounding[1:]
        stressed = sum(PRIMARY in self._said[index] for index in sounding)
        if len(sounding) < 2 or stressed <= (len(sounding) + 1) // 2:  # noqa: PLR2004
            return []
        ranked = sorted(sounding, key=lambda index: (PRIMARY in self._said[index], weight(self._said[index])))
        return ranked[: len(sounding) // 2]
