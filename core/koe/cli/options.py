"""The configuration options that every command takes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from attrs import evolve, frozen
from cyclopts import Parameter

from koe.config import Configuration, load
from koe.errors import InvalidRequestError
from koe.layers import DEFAULT
from koe.logs import configure_logging

_REPEATED = Parameter(negative=())


@Parameter(name="*")
@frozen
class ConfigOptions:
    """Where the configuration comes from, later over earlier: defaults, files, environment, `--set`."""

    config: Annotated[tuple[Path, ...], _REPEATED] = ()
    """A TOML config file; may be given more than once, later files win."""
    set: Annotated[tuple[str, ...], _REPEATED] = ()
    """One setting as section.key=value, such as server.port=9000."""
    enable: Annotated[tuple[str, ...], _REPEATED] = ()
    """Enable a plugin as well."""
    disable: Annotated[tuple[str, ...], _REPEATED] = ()
    """Do without a plugin."""

    def load(self, *assignments: str, quiet: bool = True) -> Configuration:
        """The configuration, with `assignments` on top. Its problems are not raised yet.

        Sets up logging: with `quiet`, warnings only where nobody has set `log.level`.
        """
        configuration = load(
            files=self.config,
            environ=os.environ,
            assignments=(*self.set, *assignments),
            enable=self.enable,
            disable=self.disable,
        )
        log = configuration.settings.log
        if quiet and configuration.sources.get("log.level") == DEFAULT:
            log = evolve(log, level="warning")
        configure_logging(log)
        return configuration


def with_lexicons(configuration: Configuration, files: Sequence[Path]) -> Configuration:
    """The configuration with the files of `--lexicon` before those of its own."""
    settings = configuration.settings
    names = (*map(str, files), *settings.lexicon.files)
    return evolve(configuration, settings=evolve(settings, lexicon=evolve(settings.lexicon, files=names)))


def positive_seconds(option: str, seconds: float) -> float:
    """`seconds`, given as `option`. Raises `InvalidRequestError` unless they are above 0."""
    if not seconds > 0:
        raise InvalidRequestError(f"--{option}: expected seconds above 0, got {seconds:g}")
    return seconds


NO_OPTIONS = ConfigOptions()
"""The default of every command's `options`."""


def assignment(key: str, text: str) -> str:
    """`key=value` for `ConfigOptions.load`, with the value as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}="{escaped}"'
