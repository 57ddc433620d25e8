"""Tables and JSON on standard output."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table


def print_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print `rows` as a table of `columns`, or all their keys as a JSON list."""
    if as_json:
        print(json.dumps(list(rows), ensure_ascii=False, indent=2))  # noqa: T201 - a command's output
        return
    table = Table(*columns, box=SIMPLE, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    console = Console()
    width = console.width if console.is_terminal else 200
    Console(width=width, soft_wrap=not console.is_terminal).print(table)
