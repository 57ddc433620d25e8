"""A plugin's project folder, lent to Python as if it were installed."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen
from attrs.validators import instance_of

from koe.errors import InvalidRequestError
from koe.hooks import ENTRY_POINT_GROUP
from koe.plugins import of_another_version

_FILE = "pyproject.toml"
_ODD = re.compile(r"[^\w.]+")
"""What the name of a `.dist-info` folder does not hold."""


@frozen
class Project:
    """What `pyproject.toml` says of the plugins in a folder.

    Attributes:
        entries: by entry-point group of koe's, what each plugin's name stands for.
    """

    folder: Path
    name: str = field(validator=instance_of(str))
    version: str = field(validator=instance_of(str))
    entries: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, folder: Path) -> "Project":
        """The project in `folder`.

        Raises:
            InvalidRequestError: there is none, or it has no plugin of koe's.
        """
        path = folder / _FILE
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
            declared = table["entry-points"].items()
            groups = {name: group for name, group in declared if name.startswith("koe.v") and group.items()}
            project = cls(folder.resolve(), table["name"], table.get("version", "0"), groups)
        except OSError as error:
            raise InvalidRequestError(f"{path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidRequestError(f"{path} is no TOML: {error}") from None
        except (KeyError, AttributeError, TypeError):
            raise InvalidRequestError(f"{path}: {_missing()}") from None
        if not groups:
            raise InvalidRequestError(f"{path}: {_missing()}")
        return project

    @property
    def plugins(self) -> list[str]:
        """The names of its plugins for this version of the hook API."""
        return list(self.entries.get(ENTRY_POINT_GROUP, ()))

    def why_not(self) -> str:
        """Why none of its plugins is for this koe, and the way out."""
        name = next(name for group in self.entries.values() for name in group)
        return of_another_version(name, f"{self.name} {self.version}", list(self.entries))

    def lend(self, site: Path) -> list[str]:
        """Write what an editable installation would leave into `site`; what then goes first in `sys.path`."""
        facts = site / f"{_ODD.sub('_', self.name)}-{_ODD.sub('_', self.version)}.dist-info"
        facts.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        (facts / "METADATA").write_text(metadata, encoding="utf-8")
        lines = [line for group, named in self.entries.items() for line in _section(group, named)]
        (facts / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [str(site), str(self.folder), str(self.folder / "src")]


def _section(group: str, named: Mapping[str, Any]) -> list[str]:
    return [f"[{group}]", *(f"{name} = {target}" for name, target in named.items())]


def _missing() -> str:
    return (
        f"no plugin of koe is declared here; expected [project] with a name and a version in quotes, and "
        f'[project.entry-points."{ENTRY_POINT_GROUP}"] with lines such as words = "koe_words:WordsPlugin"'
    )
