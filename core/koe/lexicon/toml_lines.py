"""On which line of a TOML file what stands: `tomllib` does not tell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from koe import toml

Path: TypeAlias = tuple[str | int, ...]

_SIGN = re.compile(
    r'''
      """(?:[^\\]|\\.)*?"""(?:"{0,2})      # strings of several lines
    | \'\'\'.*?\'\'\'(?:'{0,2})
    | "(?:[^"\\\n]|\\.)*+"
    | '[^'\n]*+'
    | \#[^\n]*+
    | [\[\]{}=\n]
    ''',
    re.VERBOSE | re.DOTALL,
)
_KEY = re.compile(r"""\s*(?:(?P<bare>[A-Za-z0-9_-]+)|"(?P<basic>[^"\\]*)"|'(?P<literal>[^']*)')\s*""")


def lines(text: str) -> Mapping[Path, int]:
    """The line, counted from 1, of each key and each table of a valid TOML text.

    `[[entries]]` are `("entries", 0)`, `("entries", 1)`, …; what stands inside of an inline table or array
    has no line of its own.
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    base: Path = ()
    for line, head in _statements(text):
        if head.startswith("["):
            base = _table(head, counts)
            found.setdefault(base, line)
        else:
            found.setdefault((*base, *_parts(head)), line)
    return found


def line_of(path: Sequence[str | int], known: Mapping[Path, int]) -> int | None:
    """The line of a place, or of what is around it."""
    for end in range(len(path), 0, -1):
        line = known.get(tuple(path[:end]))
        if line is not None:
            return line
    return None


def _table(head: str, counts: dict[Path, int]) -> Path:
    """The path of a header; those in double brackets are counted."""
    path: Path = tuple(_parts(head.strip("[] \t\r")))
    if not head.startswith("[["):
        return path
    counts[path] = counts.get(path, -1) + 1
    return (*path, counts[path])


def _parts(key: str) -> Sequence[str]:
    simple = _KEY.fullmatch(key)
    if simple:
        return (simple[simple.lastgroup or 0],)
    return toml.parse_key(key.strip()) or (key.strip(),)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header, and what stands before the `=` of each key, with its line."""
    line, start, depth, keyed = 1, 0, 0, False
    for match in _SIGN.finditer(text):
        sign = match[0]
        if sign == "\n":
            line += 1
            if not depth:
                start, keyed = match.end(), False
        elif sign == "=":
            if not depth and not keyed:
                yield line, text[start : match.start()].strip()
                keyed = True
        elif sign in {"[", "{"}:
            depth += 1
        elif sign in {"]", "}"}:
            depth -= 1
            if not depth and not keyed:
                yield line, text[start : match.end()].strip()
        else:
            line += sign.count("\n")
