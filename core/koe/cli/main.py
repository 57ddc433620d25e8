"""Puts the commands together, and turns errors into messages and exit codes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError

from koe import __version__
from koe.cli.options import ConfigOptions
from koe.errors import ConfigError, InvalidRequestError, KoeError
from koe.plugins import load

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

COMMANDS = {
    "say": "koe.cli.say:say",
    "inspect": "koe.cli.inspect:inspect",
    "serve": "koe.cli.serve:serve",
    "bench": "koe.cli.bench:bench",
    "voices": "koe.cli.voices:voices",
    "plugins": "koe.cli.plugins:app",
    "config": "koe.cli.config:app",
    "model": "koe.cli.model:app",
    "cache": "koe.cli.cache:app",
}
"""The built-in commands, each imported only when it is asked for: a server starts sooner so."""


def build_app() -> App:
    """The built-in commands."""
    app = App(
        name="koe",
        version=__version__,
        help="koe (声): a plugin-based speech server for Kokoro-82M on ONNX Runtime.",
        result_action="return_value",
    )
    for name, command in COMMANDS.items():
        app.command(command, name=name)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    app = build_app()
    try:
        if _asks_for_plugins(app, arguments):
            app.resolved_commands()  # the help tells what each of them does
            arguments = _mount_plugin_commands(app, arguments)
        result = app(arguments, exit_on_error=False)
    except CycloptsError:
        return EXIT_USAGE
    except (ConfigError, InvalidRequestError) as error:
        _complain(error)
        return EXIT_USAGE
    except KoeError as error:
        _complain(error)
        return EXIT_FAILED
    except BrokenPipeError:
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return result if isinstance(result, int) else 0


def _asks_for_plugins(app: App, arguments: Sequence[str]) -> bool:
    """Whether the command may come from a plugin: then, and only then, plugins are loaded to look."""
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is None:
        return "--help" in arguments or "-h" in arguments or not arguments
    return first not in set(app)


def _mount_plugin_commands(app: App, arguments: Sequence[str]) -> list[str]:
    """Add the plugins' commands; the arguments without the config options, which are used up here."""
    options, rest = _config_options(arguments)
    try:
        registry = load(options.load())
    except ConfigError:
        if not rest or rest[0].startswith("-"):
            return rest
        raise
    for owned in registry.commands:
        app.command(owned.component)
    return rest


def _config_options(arguments: Sequence[str]) -> tuple[ConfigOptions, list[str]]:
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("config", "set", "enable", "disable"):
        reader.add_argument(f"--{name}", action="append", default=[])
    known, rest = reader.parse_known_args(list(arguments))
    files = tuple(Path(file) for file in known.config)
    return ConfigOptions(files, tuple(known.set), tuple(known.enable), tuple(known.disable)), rest


def _complain(error: KoeError) -> None:
    print(f"koe: {error}", file=sys.stderr)  # noqa: T201 - the command's own words
