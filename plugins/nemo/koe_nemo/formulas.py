"""Equations and the symbols of mathematics as words: NeMo takes "1-2=5" for a range, and leaves "≤"."""

import re
from collections.abc import Iterator, Mapping

from koe.api import Edit

_OPERAND = r"(?:\d[\d.,]*(?<=\d)|[A-Za-z](?![A-Za-z]))[²³]?"
_MOST_OPERANDS = 12
_AMBIGUOUS = "−×"
"""A sign, or "by", where no equation tells."""
_POWERS = {"²": "squared", "³": "cubed"}


class Formulas:
    """Finds equations (`operators` between numbers and single letters) and `symbols` that stand anywhere."""

    def __init__(self, relations: Mapping[str, str], operators: Mapping[str, str]) -> None:
        self._words = {**relations, **operators}
        self._relations = frozenset(relations)
        between = rf"\s?[{re.escape(''.join(self._words))}]\s?"
        self._equation = re.compile(
            rf"(?<![\w.,])[-−]?{_OPERAND}(?:{between}[-−]?{_OPERAND}){{1,{_MOST_OPERANDS}}}(?![\w%])"
        )
        self._operator = re.compile(rf"(?<=[\w²³])(\s?)([{re.escape(''.join(self._words))}])\s?")
        alone = [symbol for symbol in self._words if not symbol.isascii() and symbol not in _AMBIGUOUS]
        self._alone = re.compile(rf"\s?[{re.escape(''.join(alone))}]\s?")

    def edits(self, text: str) -> Iterator[Edit]:
        """What stands in equations, operator by operator; then symbols that stand beyond them."""
        for match in self._equation.finditer(text):
            if self._relations.isdisjoint(match[0]):
                continue
            for operator in self._operator.finditer(text, match.start(), match.end()):
                yield Edit(operator.start(), operator.end(), f" {self._words[operator[2]]} ")
            for place in range(match.start(), match.end()):
                if text[place] in _POWERS:
                    yield Edit(place, place + 1, f" {_POWERS[text[place]]}")
        for match in self._alone.finditer(text):
            yield Edit(match.start(), match.end(), f" {self._words[match[0].strip()]} ")
