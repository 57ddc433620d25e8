"""Words of one spelling and one part of speech, told apart by the words around them."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from attrs import frozen

from koe_g2p.lexicon import Accent

_REACH = 5
"""How many words away a cue may stand."""


@frozen
class Sense:
    """One line of `data/senses.tsv`. The cues `<word` and `>word` stand right before and right behind."""

    tags: tuple[str, ...]
    near: frozenset[str]
    before: frozenset[str]
    behind: frozenset[str]
    phonemes: str

    def fits(self, words: Sequence[str], tag: str, index: int) -> bool:
        """Whether the word at `index`, all words being in lower case, has this sense."""
        if self.tags and not tag.startswith(self.tags):
            return False
        if not (self.near or self.before or self.behind):
            return True
        if index and words[index - 1] in self.before:
            return True
        if index + 1 < len(words) and words[index + 1] in self.behind:
            return True
        around = words[max(0, index - _REACH) : index], words[index + 1 : index + 1 + _REACH]
        return any(not self.near.isdisjoint(side) for side in around)


@cache
def senses_of(accent: Accent) -> Mapping[str, tuple[Sense, ...]]:
    """The senses of each word, in the order in which they are tried."""
    text = (files("koe_g2p") / "data" / "senses.tsv").read_text(encoding="utf-8")
    table: dict[str, tuple[Sense, ...]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, tags, cues, american, british = line.split("\t")
            sense = _sense(tags, cues.split(), american if accent == "american" else british)
            table[word] = (*table.get(word, ()), sense)
    return table


def _sense(tags: str, cues: Sequence[str], phonemes: str) -> Sense:
    return Sense(
        tuple(tags.split()) if tags != "*" else (),
        frozenset(cue for cue in cues if cue[0] not in "<>*"),
        frozenset(cue[1:] for cue in cues if cue[0] == "<"),
        frozenset(cue[1:] for cue in cues if cue[0] == ">"),
        phonemes,
    )
