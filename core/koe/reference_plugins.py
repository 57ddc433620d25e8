"""The reference of every key of the plugins in a source tree, made from their `Config` classes."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

import attrs
from attrs import NOTHING, frozen

from koe import toml
from koe.docstrings import described, summary
from koe.errors import ConfigError
from koe.hooks import ENTRY_POINT_GROUP, Plugin
from koe.secret import Secret
from koe.wording import allowed_values, expected, is_class, is_mapping, limit, shown, unwrapped

PAGE = "docs/configuration-plugins.md"
NAME = "<name>"

_HEAD = """\
# Keys of the plugins

Every key of the plugins that come with koe, from their `Config` classes; those of the core are in
[Configuration](configuration.md). Written by `python -m koe.reference`.

A plugin's table also takes `required`: with `false`, the server starts without a plugin that fails to load.
`<name>` in a key stands for a name of your own.
"""
_TABLE = "| key | takes | default | meaning |\n|---|---|---|---|\n"


@frozen
class PluginKey:
    """A key of a plugin: `path` within `[plugins.<name>]`; no `default` where the key must be given."""

    path: str
    takes: str
    default: str | None
    meaning: str

    @property
    def row(self) -> str:
        default = "required" if self.default is None else f"`{self.default}`" if self.default else "not set"
        cells = (f"`{self.path}`", self.takes, default, self.meaning)
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


@frozen
class BuiltIn:
    """A plugin of the source tree."""

    name: str
    distribution: str
    plugin: type[Plugin]


def built_ins(root: Path) -> Iterator[BuiltIn]:
    """The plugins that the distributions of the tree at `root` declare, by name.

    Raises:
        ConfigError: one is not installed here, so that nothing can be said about it.
    """
    declared = dict(sorted(_declared(root)))
    installed = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if missing := declared.keys() - installed.keys():
        raise ConfigError([f"plugin {name!r} of this tree is not installed" for name in sorted(missing)])
    for name, distribution in declared.items():
        yield BuiltIn(name, distribution, installed[name].load())


def _declared(root: Path) -> Iterator[tuple[str, str]]:
    for file in (root / "core/pyproject.toml", *sorted(root.glob("plugins/*/pyproject.toml"))):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        for name in project["entry-points"][ENTRY_POINT_GROUP]:
            yield name, project["name"]


def keys_of(cls: type[Any], prefix: str = "") -> Iterator[PluginKey]:
    """Every key that a `Config` class reads, those of classes within it by their dotted path."""
    meanings = described(cls)
    for attribute in attrs.fields(attrs.resolve_types(cls)):
        path = f"{prefix}{attribute.name}"
        type_ = unwrapped(attribute.type)
        if is_class(type_):
            yield from keys_of(type_, f"{path}.")
            continue
        takes = _takes(type_, attribute.validator)
        yield PluginKey(path, takes, _default(attribute), meanings.get(attribute.name, ""))
        inner: Any = unwrapped(get_args(type_)[1]) if is_mapping(type_) else None
        if is_class(inner):
            yield from keys_of(inner, f"{path}.{NAME}.")


def _takes(type_: Any, validator: Any) -> str:
    if is_mapping(type_) and allowed_values(unwrapped(get_args(type_)[0])):
        names = ", ".join(map(shown, allowed_values(unwrapped(get_args(type_)[0]))))
        return f"{expected(type_)}, names out of {names}"
    words = None if allowed_values(type_) else limit(validator)
    return f"{expected(type_)} {words}" if words else expected(type_)


def _default(attribute: "attrs.Attribute[Any]") -> str | None:
    """The default as TOML, empty for null; None where there is none."""
    default: Any = attribute.default
    if default is NOTHING:
        return None
    value = default.factory() if hasattr(default, "factory") else default
    return toml.value(_plain(value)) or ""


def _plain(value: Any) -> Any:
    """`value` with what may be shown in the place of secrets."""
    if isinstance(value, Secret):
        return value.shown()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def page(root: Path) -> str:
    """The whole page for the source tree at `root`, in Markdown."""
    return _HEAD + "".join(map(section, built_ins(root)))


def section(built_in: BuiltIn) -> str:
    config = built_in.plugin.Config
    title = f"\n## `[plugins.{built_in.name}]`\n\n"
    if config is None:
        return f"{title}Distribution `{built_in.distribution}`. It has no keys of its own.\n"
    about = summary(config).removeprefix(f"`[plugins.{built_in.name}]`: ")
    intro = f"Distribution `{built_in.distribution}`. {about[0].upper()}{about[1:]}\n\n"
    return title + intro + _TABLE + "".join(key.row for key in keys_of(config))
