"""TOML beyond what the standard library reads: keys and single values in, text out."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any

from attrs import frozen

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = chr(0x7F)
_COMMENT = "# "


def dotted(path: Iterable[str | int]) -> str:
    """`("voices", "aliases", "my voice", 2)` as `voices.aliases."my voice"[2]`."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            written += f".{key(part)}" if written else key(part)
    return written


def key(part: str) -> str:
    """One part of a dotted key, quoted where it must be."""
    return part if _BARE_KEY.fullmatch(part) else text(part)


def parse_key(written: str) -> tuple[str, ...] | None:
    """The parts of a dotted key; None where it is none."""
    try:
        tree: Any = tomllib.loads(f"{written} = 0")
    except (ValueError, RecursionError):
        return None
    path: list[str] = []
    while isinstance(tree, dict) and len(tree) == 1:
        ((part, tree),) = tree.items()
        path.append(part)
    return tuple(path) if tree == 0 else None


def parse_value(written: str) -> Any:
    """A value that stands alone, as in `--set key=VALUE`: TOML, or the bare string where it is none.

    It must be a value on a line of its own *and* inside an inline table: the first alone would take `1#2`
    for 1 and a comment, the second alone would take `1, x = 2` for two keys.
    """
    try:
        alone = tomllib.loads(f"value = {written}")
        inside = tomllib.loads(f"table = {{value = {written}}}")
    except (ValueError, RecursionError):
        return written
    whole = set(alone) == {"value"} and set(inside) == {"table"} and set(inside["table"]) == {"value"}
    return alone["value"] if whole else written


def text(value: str) -> str:
    """A string in quotes."""
    return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007f")


def value(item: Any) -> str | None:
    """A value as TOML; None for what TOML cannot say, such as null."""
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, str):
        return text(item)
    if isinstance(item, int | float):
        return str(item)
    if isinstance(item, date | time):
        return item.isoformat()
    return _container(item)


def _container(item: Any) -> str | None:
    if isinstance(item, Mapping):
        pairs = [(key(name), value(inner)) for name, inner in item.items()]
        if all(inner is not None for _, inner in pairs):
            return "{" + ", ".join(f"{name} = {inner}" for name, inner in pairs) + "}"
    elif isinstance(item, list | tuple):
        items = [inner for inner in map(value, item) if inner is not None]
        if len(items) == len(item):
            return f"[{', '.join(items)}]"
    return None


@frozen
class Entry:
    """A key of a document. One that is not `active` is written as a comment."""

    path: Sequence[str]
    value: Any
    comment: str
    active: bool = True

    @property
    def line(self) -> str:
        name, written = key(self.path[-1]), value(self.value)
        text = f"{name} = {written}" if written is not None else f"{name}: {_unsaid(self.value)}"
        mark = "" if self.active and written is not None else _COMMENT
        return f"{mark}{text}  # {_printable(self.comment)}"


def document(entries: Iterable[Entry]) -> str:
    """A TOML file, tables in the order of their first entry; a table of comments is one altogether.

    What TOML cannot say is left as a comment.
    """
    tables: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        tables.setdefault(tuple(entry.path[:-1]), []).append(entry.line)
    return "\n".join(_table(dotted(path), lines) for path, lines in tables.items())


def _table(name: str, lines: Sequence[str]) -> str:
    mark = _COMMENT if all(line.startswith(_COMMENT) for line in lines) else ""
    return "\n".join([f"{mark}[{name}]", *lines, ""])


def _unsaid(item: Any) -> str:
    return "not set" if item is None else "TOML has no words for its value"


def _printable(comment: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in comment)
