"""What the commands of `koe model` have in common: their options, and the config that these change."""

from typing import Annotated

from attrs import evolve
from cyclopts import Parameter

from koe.cli.options import ConfigOptions
from koe.config import structure_plugin_config
from koe.errors import ConfigError
from koe.kokoro.config import KokoroConfig

Folder = Annotated[str, Parameter(name="--dir", help="Model folder, instead of the configured one.")]
VariantName = Annotated[
    str, Parameter(name="--variant", help="One of `koe model list`; without it the configured one.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def asked(options: ConfigOptions, folder: str, variant: str = "") -> KokoroConfig:
    """What `[plugins.kokoro]` says; a folder or variant of the command line replaces explicit files, too."""
    configuration = options.load()
    config, mistakes = structure_plugin_config(configuration, "kokoro", KokoroConfig)
    problems = (*configuration.problems, *mistakes)
    if problems:
        raise ConfigError(problems)
    assert isinstance(config, KokoroConfig)
    if folder or variant:
        config = evolve(config, model="", voices="")
    return evolve(config, dir=folder or config.dir, variant=variant or config.variant)
