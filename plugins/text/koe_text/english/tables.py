"""What the English rules know, from `data/english.toml`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast


@cache
def _tables() -> Mapping[str, Any]:
    source = files("koe_text") / "data" / "english.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def table(name: str) -> Mapping[str, str]:
    """A table of written to spoken forms; `a.b` is the table `b` within `a`."""
    found: Mapping[str, Any] = _tables()
    for part in name.split("."):
        found = found[part]
    return cast("Mapping[str, str]", found)


def forms(name: str) -> Mapping[str, tuple[str, ...]]:
    """A table of written forms to several spoken ones, such as singular and plural."""
    return {written: tuple(spoken) for written, spoken in _tables()[name].items()}


def in_any_case(table: Mapping[str, tuple[str, ...]], but: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The table with its words of letters also in lower and in upper case, where that is not another word.

    `but` are the forms that mean something else, such as ATM.
    """
    found = dict(table)
    for written, spoken in table.items():
        if len(written) > 1 and written.isascii():
            for other in (written.lower(), written.upper()):
                if other not in but:
                    found.setdefault(other, spoken)
    return found


def words(name: str, key: str) -> frozenset[str]:
    """A list of words."""
    return frozenset(_tables()[name][key].split())


def one_of(written: Iterable[str]) -> str:
    """A pattern of any of `written`, the longest first."""
    return "(?:" + "|".join(map(re.escape, sorted(written, key=lambda word: (-len(word), word)))) + ")"
