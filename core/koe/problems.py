"""Mistakes in structured data, collected until all are known."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from attrs import frozen

from koe import toml
from koe.wording import expected, given

Place: TypeAlias = tuple[str | int, ...]

MOST_PROBLEMS = 20
"""Named in one list or mapping; a body of a million mistakes must stay cheap."""
MOST_SHOWN = 60
"""Characters of a key that a client made up, in what it is told."""


@frozen
class Problem:
    """One mistake: `path` leads to it from the structured value, by keys and list indices."""

    path: Place
    message: str

    @property
    def where(self) -> str:
        """The path as people write it: `turns[2].voice`."""
        return toml.dotted(self.path)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.path else self.message


def shortened(problem: Problem) -> Problem:
    """The same problem; endless keys on the way to it are cut."""
    return Problem(tuple(map(_cut, problem.path)), problem.message)


def _cut(part: str | int) -> str | int:
    return f"{part[:MOST_SHOWN]}…" if isinstance(part, str) and len(part) > MOST_SHOWN else part


class StructureError(ValueError):
    """Every mistake of one value. Whoever called `structure` turns it into an answer of its own kind."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class UnsupportedTypeError(TypeError):
    """An annotation that the converter has no rule for: a mistake of the class, not of the data."""


def wrong(type_: Any, value: object, hint: str = "") -> StructureError:
    """The error for a value that is no `type_`."""
    return StructureError([Problem((), f"expected {expected(type_)}, given {given(type_, value)}{hint}")])


def under(key: str | int, error: StructureError) -> list[Problem]:
    """The problems of `error` as seen from one level above."""
    return [Problem((key, *problem.path), problem.message) for problem in error.problems]


def each(items: Iterable[tuple[str | int, Any]], structured: Callable[[Any], Any]) -> list[Any]:
    """Structure all items of a container, or raise what is wrong with any of them."""
    results: list[Any] = []
    problems: list[Problem] = []
    for key, item in items:
        try:
            results.append(structured(item))
        except StructureError as error:
            problems.extend(under(key, error))
            if len(problems) >= MOST_PROBLEMS:
                problems.append(Problem((), f"not looked at beyond these {len(problems)} mistakes"))
                break
    if problems:
        raise StructureError(problems)
    return results
