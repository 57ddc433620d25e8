"""The layers of a configuration, and what they say together."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from koe import toml

DEFAULT = "default"
_PREFIX = "KOE_"
_SEPARATOR = "__"


@frozen
class Layer:
    """Values with their common source, as it is named in errors and in `koe config show`."""

    source: str
    values: Mapping[str, Any]


@define
class Merged:
    """Layers laid over each other: tables merge deeply, everything else replaces.

    `sources` names, for every key and every table, the layer that spoke last about it.
    """

    tree: dict[str, Any] = field(factory=dict)
    sources: dict[tuple[str, ...], str] = field(factory=dict)

    def lay(self, layer: Layer) -> None:
        self._lay(self.tree, layer.values, layer.source, ())

    def replace(self, path: Sequence[str], value: Any, source: str) -> None:
        """Set one key, whatever stood there."""
        self.lay(Layer(source, _nested(path, value)))

    def source(self, path: Sequence[str | int]) -> str:
        """The source of a place, or of the nearest table around it."""
        steps = tuple(str(part) for part in path)
        for end in range(len(steps), 0, -1):
            if steps[:end] in self.sources:
                return self.sources[steps[:end]]
        return DEFAULT

    def _lay(
        self, below: dict[str, Any], values: Mapping[str, Any], source: str, path: tuple[str, ...]
    ) -> None:
        for key, value in values.items():
            here = (*path, key)
            if isinstance(value, Mapping) and isinstance(below.get(key), dict):
                self._lay(below[key], value, source, here)
            else:
                self._forget(here)
                below[key] = {} if isinstance(value, Mapping) else value
                if isinstance(value, Mapping):
                    self._lay(below[key], value, source, here)
            self.sources[here] = source

    def _forget(self, path: tuple[str, ...]) -> None:
        for known in [known for known in self.sources if known[: len(path)] == path]:
            del self.sources[known]


def from_files(files: Iterable[Path], problems: list[str]) -> Iterator[Layer]:
    """One layer for each file that can be read; what is wrong with the others goes to `problems`."""
    for path in files:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            problems.append(f"{path}: the config file cannot be read: {error.strerror or error}")
        except UnicodeDecodeError as error:
            problems.append(f"{path}: the config file is not UTF-8 (byte {error.start})")
        except RecursionError:
            problems.append(f"{path}: the config file is nested too deeply")
        except ValueError as error:
            problems.append(f"{path}: not valid TOML: {error}")
        else:
            yield Layer(str(path), values)


def from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[Layer]:
    """One layer for each `KOE_<SECTION>__<KEY>` variable, by name.

    Variables without a double underscore, such as `KOE_MODEL_DIR`, are no settings.
    """
    for name in sorted(environ):
        path = name.removeprefix(_PREFIX).lower().split(_SEPARATOR)
        if not name.startswith(_PREFIX) or len(path) < len(("section", "key")):
            continue
        source = f"environment {name}"
        if not all(path):
            problems.append(f"{source}: expected KOE_<SECTION>__<KEY>, such as KOE_SERVER__PORT")
        elif _is_text(environ[name], source, problems):
            yield Layer(source, _nested(path, toml.parse_value(environ[name])))


def from_assignments(assignments: Iterable[str], problems: list[str]) -> Iterator[Layer]:
    """One layer for each `section.key=value` of the command line."""
    for assignment in assignments:
        if not _is_text(assignment, "--set", problems):
            continue
        path, value = _split(assignment)
        if path is None:
            problems.append(f"--set {assignment!r}: expected section.key=value, such as server.port=8000")
        else:
            yield Layer("--set", _nested(path, toml.parse_value(value)))


def _split(assignment: str) -> tuple[tuple[str, ...] | None, str]:
    """The key and the value; the first `=` after which the key is complete divides them."""
    for place, char in enumerate(assignment):
        if char == "=":
            path = toml.parse_key(assignment[:place])
            if path is not None:
                return path, assignment[place + 1 :]
    return None, ""


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return dict(value)


def _is_text(value: str, source: str, problems: list[str]) -> bool:
    """Whether a string from the operating system is valid Unicode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        problems.append(f"{source}: {value!r} is not valid UTF-8")
        return False
    return True
