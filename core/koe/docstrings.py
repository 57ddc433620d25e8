"""What docstrings say of the attributes of a class."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

_ATTRIBUTE = re.compile(r"    (\w+): (.*)")


def described(cls: type[Any]) -> Mapping[str, str]:
    """The `Attributes:` of a class's docstring."""
    _, _, listed = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    meanings: dict[str, str] = {}
    for line in listed.splitlines():
        if match := _ATTRIBUTE.fullmatch(line):
            name, meanings[match[1]] = match[1], match[2]
        elif line.startswith("     "):
            meanings[name] += f" {line.strip()}"
    return meanings


def summary(cls: type[Any]) -> str:
    """The first paragraph of a class's docstring, on one line."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
