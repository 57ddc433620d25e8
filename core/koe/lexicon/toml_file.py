"""Lexicons in TOML: the tables `words` and `entries`, as the config has them in `[lexicon]`."""

import tomllib
from collections.abc import Mapping

from koe.lexicon.contents import Contents, LexiconFileError, Path, Tables, entries_of
from koe.lexicon.matching import Origin
from koe.lexicon.toml_lines import line_of, lines
from koe.problems import Problem, StructureError
from koe.structure import structure


def read_toml(source: str, text: str) -> Contents:
    """The entries of a file. Raises `LexiconFileError` with all mistakes and their lines."""
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise LexiconFileError([f"{source}: nested too deeply"]) from None
    except ValueError as error:
        raise LexiconFileError([f"{source}: not valid TOML: {error}"]) from None
    known = lines(text)
    try:
        tables = structure(data, Tables)
    except StructureError as error:
        raise LexiconFileError(_placed(source, problem, known) for problem in error.problems) from None
    contents, problems = entries_of(tables, lambda path: Origin(source, line_of(path, known)))
    if problems:
        raise LexiconFileError(_placed(source, problem, known) for problem in problems)
    return contents


def _placed(source: str, problem: Problem, known: Mapping[Path, int]) -> str:
    line = line_of(problem.path, known)
    return f"{source}, line {line}: {problem}" if line is not None else f"{source}: {problem}"
