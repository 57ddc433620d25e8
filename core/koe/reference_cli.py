"""The reference of the command line: every command of koe and of the plugins in a source tree."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from attrs import frozen
from cyclopts import App
from cyclopts.argument import Argument

from koe.cli.main import build_app
from koe.hooks import Plugin, overrides
from koe.reference_plugins import BuiltIn, built_ins
from koe.wording import expected, is_list

PAGE = "docs/cli.md"
CONFIGURATION = ("--config", "--set", "--enable", "--disable")
"""The options that every command has which reads the configuration (`koe.cli.options`)."""

_HEAD = """\
# The command line

Every command with its arguments and options, as `koe COMMAND --help` shows them. Written by
`python -m koe.reference`. `koe --version` prints the version.

Commands exit with 0 when they have done what was asked, with 1 when that failed, with 2 when the command line
or the configuration is wrong, and with 130 when Ctrl+C ended them, unless they say otherwise below. Mistakes
are told on standard error.
"""
_SHARED = """
## Configuration

Commands marked with †, and those of plugins, read the [configuration](configuration.md) and take these
options, too:

"""
_TABLE = "| argument or option | takes | default | meaning |\n|---|---|---|---|\n"
_PARAMETERS = re.compile(r"\n\s*(Parameters\s*\n\s*-{3,}|Args:\s*\n).*", re.DOTALL)


@frozen
class Command:
    """One command: the words that call it, what it does, and its arguments; `plugin` owns it, if any does."""

    words: tuple[str, ...]
    about: str
    arguments: tuple[Argument, ...]
    plugin: str = ""

    @property
    def configured(self) -> bool:
        """Whether it takes the options of `CONFIGURATION`."""
        return all(name in {argument.name for argument in self.arguments} for name in CONFIGURATION)

    @property
    def own(self) -> Iterator[Argument]:
        return (one for one in self.arguments if not (self.configured and one.name in CONFIGURATION))


def commands(root: Path) -> Iterator[Command]:
    """Koe's own commands, then those of the plugins of the source tree at `root`."""
    app = build_app()
    app.resolved_commands()
    yield from below(app, ("koe",))
    for built_in in built_ins(root):
        for one in _registered(built_in):
            yield from below(one, ("koe", *one.name), built_in.name)


def _registered(built_in: BuiltIn) -> list[App]:
    config = built_in.plugin.Config
    plugin: Plugin = built_in.plugin(config()) if config is not None else built_in.plugin()
    return list(plugin.register_commands()) if overrides(plugin, "register_commands") else []


def below(app: App, words: tuple[str, ...], plugin: str = "") -> Iterator[Command]:
    """The commands of `app` and of the apps in it, which `words` call."""
    if app.default_command is not None:
        collected = app.assemble_argument_collection(parse_docstring=True)
        arguments = tuple(argument for argument in collected if argument.show)
        yield Command(words, _PARAMETERS.sub("", app.help).strip(), arguments, plugin)
    for name in app:
        if not name.startswith("-"):
            yield from below(app[name], (*words, name), plugin)


def page(root: Path) -> str:
    """The whole page for the source tree at `root`, in Markdown."""
    listed = list(commands(root))
    shared = next(command for command in listed if command.configured)
    rows = [_row(one) for one in shared.arguments if one.name in CONFIGURATION]
    return _HEAD + _SHARED + _TABLE + "".join(rows) + "".join(map(section, listed))


def section(command: Command) -> str:
    """What the page says of one command."""
    places = [_place(one) for one in command.arguments if one.index is not None]
    title = f"`{' '.join([*command.words, *places])}`{' †' if command.configured else ''}"
    origin = f"Of the plugin `{command.plugin}`, where it is enabled. " if command.plugin else ""
    paragraphs = (" ".join(paragraph.split()) for paragraph in command.about.split("\n\n"))
    rows = [_row(one) for one in command.own]
    table = f"\n{_TABLE}{''.join(rows)}" if rows else ""
    return f"\n## {title}\n\n{origin}" + "\n\n".join(paragraphs) + f"\n{table}"


def _place(argument: Argument) -> str:
    name = argument.name.lstrip("-").upper()
    return name if argument.required else f"[{name}]"


def _row(argument: Argument) -> str:
    names = ", ".join(f"`{name}`" for name in argument.names)
    meaning = " ".join((argument.parameter.help or "").split())
    cells = (names, _takes(argument), _default(argument), meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _takes(argument: Argument) -> str:
    if argument.hint is bool:
        return "nothing"
    if is_list(argument.hint) and argument.index is None:
        return f"{expected(get_args(argument.hint)[0])}; may be repeated"
    return expected(argument.hint).removesuffix(" or null")


def _default(argument: Argument) -> str:
    default: Any = argument.field_info.default
    if argument.required:
        return "required"
    if isinstance(default, bool):
        return ""
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default)
    return "" if default in (None, "", argument.field_info.empty) else f"`{default}`"
