"""How many cases are read right, by language and category."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import field, frozen
from koe.api import InvalidRequestError

_NOT_WORD = re.compile(r"[^\w\s]|_")
_DASH = re.compile(r"[-–—/]")
_AND = frozenset({"and", "y", "et", "e", "und"})


@frozen
class Case:
    """What is written, and the ways in which it may be spoken."""

    language: str
    category: str
    written: str
    spoken: tuple[str, ...]


@frozen
class Result:
    """What became of a case."""

    case: Case
    made: str

    @property
    def right(self) -> bool:
        made = lenient(self.made)
        return any(made == lenient(spoken) for spoken in self.case.spoken)


@frozen
class Scorecard:
    """The results of all cases."""

    results: tuple[Result, ...] = field(repr=False)

    def percent(self, language: str, category: str | None = None) -> float:
        """The share of right cases in percent, of a language or one of its categories."""
        chosen = [
            result.right
            for result in self.results
            if result.case.language == language and category in {None, result.case.category}
        ]
        return 100 * sum(chosen) / len(chosen)

    def wrong(self) -> list[Result]:
        return [result for result in self.results if not result.right]

    def lines(self) -> Iterator[str]:
        """A table: language, category, cases, percent."""
        for language in dict.fromkeys(result.case.language for result in self.results):
            cases = [result.case for result in self.results if result.case.language == language]
            for category in sorted({case.category for case in cases}):
                count = sum(1 for case in cases if case.category == category)
                yield f"{language}  {category:14}{count:5}{self.percent(language, category):8.1f} %"
            yield f"{language}  {'all':14}{len(cases):5}{self.percent(language):8.1f} %"


def lenient(text: str) -> str:
    """The text as it is compared: without case, punctuation, hyphens and "and"; single letters joined."""
    words = _NOT_WORD.sub("", _DASH.sub(" ", text.lower())).split()
    joined = " ".join(word for word in words if word not in _AND)
    return re.sub(r"\b(\w) (?=\w\b)", r"\1", joined)


def read_cases(folder: Path) -> list[Case]:
    """The cases of every `<language>.tsv` in `folder`: category, written, spoken ways with ` | ` between.

    Raises:
        InvalidRequestError: no such folder or file, or a line that is no case.
    """
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise InvalidRequestError(
            f"No cases in {folder}: expected files such as en.tsv. Name their folder with --cases"
        )
    return [case for file in files for case in _read(file)]


def _read(file: Path) -> Iterator[Case]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match line.split("\t"):
            case [category, written, spoken] if category and written and spoken:
                yield Case(file.stem, category, written, tuple(spoken.split(" | ")))
            case _:
                raise InvalidRequestError(
                    f"{file}:{number}: expected category, written and spoken form with tabs between, "
                    f"given {line!r}"
                )


def score(cases: list[Case], normalize: Callable[[str, str], str]) -> Scorecard:
    """Run `normalize(written, language)` over the cases."""
    return Scorecard(tuple(Result(case, normalize(case.written, case.language)) for case in cases))
