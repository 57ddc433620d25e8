"""Whether a deployment's files and variables are what koe understands."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from koe.config import Configuration, load
from koe.errors import ConfigError
from koe.plugins import load as load_plugins

ROOT = Path(__file__).parents[2]


def understood(files: Iterable[Path], environ: Mapping[str, str]) -> Configuration:
    """The configuration, with every core key and every key of the plugins checked, and the plugins loaded."""
    unknown = [name for name in environ if name.startswith("KOE_") and not _is_read(name)]
    assert unknown == [], f"nothing in koe reads {unknown}"
    configuration = load(files=tuple(files), environ=environ)
    try:
        load_plugins(configuration)
    except ConfigError as error:
        raise AssertionError(str(error)) from error
    return configuration


def _is_read(name: str) -> bool:
    """Whether a variable is a setting, or one of the few others whose names stand in the code."""
    if "__" in name:
        return True
    sources = [*(ROOT / "core/koe").rglob("*.py"), *(ROOT / "deploy/docker").glob("*.py")]
    return any(re.search(rf'"{name}"', source.read_text(encoding="utf-8")) for source in sources)
