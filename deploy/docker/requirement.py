"""Prints what is installed for `--build-arg PLUGINS`: this folder, with the extras that are named.

python deploy/docker/requirement.py "auth,cache"
"""

import sys
import tomllib
from collections.abc import Set as AbstractSet
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def extras(project: Path = PROJECT) -> AbstractSet[str]:
    """The extras that the project has."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return set(table["optional-dependencies"])


def requirement(plugins: str, known: AbstractSet[str]) -> str:
    """`.[auth,cache]` of `auth, cache`, and `.` of nothing.

    Raises:
        ValueError: names that are no extras.
    """
    wanted = list(dict.fromkeys(plugins.replace(",", " ").split()))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(
            f"PLUGINS: {', '.join(map(repr, unknown))} unknown; expected names out of "
            f"{', '.join(sorted(known))}, with commas between them, or nothing"
        )
    return f".[{','.join(wanted)}]" if wanted else "."


if __name__ == "__main__":
    try:
        print(requirement(" ".join(sys.argv[1:]), extras()))  # noqa: T201
    except ValueError as error:
        sys.exit(str(error))
