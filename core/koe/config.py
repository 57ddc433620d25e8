"""The configuration of one deployment: layers in, settings with their sources out.

Packaged defaults ← config files, later ones win ← environment `KOE_<SECTION>__<KEY>` ← `--set` ←
`--enable` and `--disable`. Nothing here raises for a mistake of the operator: all are collected, and the
plugin loader adds those of the plugins.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from koe import toml
from koe.attrs_class import default_of
from koe.layers import DEFAULT, Layer, Merged, from_assignments, from_environment, from_files
from koe.problems import Problem, StructureError, UnsupportedTypeError
from koe.secret import Secret, guarded_plain
from koe.settings import Settings
from koe.spelling import suggestion
from koe.structure import keys, structure
from koe.wording import shown

T = TypeVar("T")

_PLUGINS = "plugins"
_ENABLED = (_PLUGINS, "enabled")
_REQUIRED = "required"


@frozen
class Configuration:
    """Settings, where each came from, and what is wrong with them.

    Attributes:
        settings: the core's settings; a key with a mistake has its default here.
        sources: dotted key to `default`, a file's path, `environment KOE_…` or `--set`; `--enable` and
            `--disable` are added to the source of `plugins.enabled`. Tables are listed too, with the last
            source that spoke about one of their keys.
        problems: every mistake, naming source, key, what was expected and what was given.
    """

    settings: Settings
    sources: Mapping[str, str]
    problems: tuple[str, ...]
    _merged: Merged = field(repr=False)

    def plugin_table(self, name: str) -> Mapping[str, Any]:
        """What `[plugins.<name>]` says, as it stands in the layers, unchecked."""
        table = self._merged.tree[_PLUGINS]
        found = table.get(name) if isinstance(table, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def where(self, dotted_key: str) -> str:
        """The place of a key as errors name it: `config/x.toml: plugins.espeak.pitch`."""
        path = toml.parse_key(dotted_key) or (dotted_key,)
        return f"{self._merged.source(path)}: {dotted_key}"


@frozen
class EffectiveKey:
    """One key of the configuration as it is in force."""

    key: str
    value: Any
    source: str


def load(
    files: Sequence[Path] = (),
    environ: Mapping[str, str] | None = None,
    assignments: Sequence[str] = (),
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
) -> Configuration:
    """Lay all layers over the packaged defaults.

    `assignments` are those of `--set`, `enable` and `disable` the plugin names of the options called so.
    Without `environ`, the environment adds nothing.
    """
    problems: list[str] = []
    merged = Merged()
    merged.lay(Layer(DEFAULT, _default_tree()))
    for layer in (
        *from_files(files, problems),
        *from_environment(environ or {}, problems),
        *from_assignments(assignments, problems),
    ):
        merged.lay(layer)
    problems.extend(_switch(merged, enable, disable))
    settings, mistakes = _settings(merged.tree)
    problems.extend(_located(merged, mistake) for mistake in mistakes)
    sources = {toml.dotted(path): source for path, source in merged.sources.items()}
    return Configuration(settings, sources, tuple(problems), merged)


def _default_tree() -> dict[str, Any]:
    tree: dict[str, Any] = _plain(Settings())
    tree[_PLUGINS].pop("tables")
    return tree


def _switch(merged: Merged, enable: Sequence[str], disable: Sequence[str]) -> Iterator[str]:
    """Apply `--enable` and `--disable` to `plugins.enabled`."""
    table = merged.tree[_PLUGINS]
    enabled = table.get("enabled") if isinstance(table, Mapping) else None
    if not isinstance(enabled, list):
        return
    for name in enable:
        if name in disable:
            yield f"--enable {name}: the same plugin is given to --disable; leave one of them out"
        elif name not in enabled:
            enabled = [*enabled, name]
            merged.replace(_ENABLED, enabled, f"{merged.source(_ENABLED)}, --enable {name}")
    for name in disable:
        if name in enabled:
            enabled = [other for other in enabled if other != name]
            merged.replace(_ENABLED, enabled, f"{merged.source(_ENABLED)}, --disable {name}")
        elif name not in enable:
            yield f"--disable {name}: this plugin is not enabled; {suggestion(name, map(str, enabled))}"


def _settings(tree: Mapping[str, Any]) -> tuple[Settings, list[Problem]]:
    mistakes: list[Problem] = []
    sections: dict[str, Any] = {}
    for section in attrs.fields(Settings):
        value = tree[section.name]
        if section.name == _PLUGINS and isinstance(value, Mapping):
            value = _plugins_section(value, mistakes)
        sections[section.name] = _section(section.name, section.type, value, mistakes)
    unknown = [name for name in tree if name not in sections]
    mistakes.extend(Problem((name,), f"unknown section; {suggestion(name, sections)}") for name in unknown)
    return Settings(**sections), mistakes


def _section(name: str, cls: type[T] | None, value: Any, mistakes: list[Problem]) -> T:
    """One section; keys with a mistake fall back to their defaults, so that the others are still checked."""
    assert cls is not None
    try:
        return structure(value, cls)
    except StructureError as error:
        mistakes.extend(Problem((name, *problem.path), problem.message) for problem in error.problems)
        wrong = {problem.path[0] for problem in error.problems if problem.path}
    right = (
        {key: inner for key, inner in value.items() if key not in wrong} if isinstance(value, Mapping) else {}
    )
    try:
        return structure(right, cls)
    except StructureError:
        return cls()


def _plugins_section(value: Mapping[str, Any], mistakes: list[Problem]) -> dict[str, Any]:
    """`[plugins]` as `PluginsSettings` has it: the plugins' own tables are kept apart, unchecked."""
    tables = {
        name: table for name, table in value.items() if isinstance(table, Mapping) and name != "enabled"
    }
    for name, given in value.items():
        if name != "enabled" and name not in tables:
            words = f"expected a table of a plugin's settings, given {shown(given)}"
            mistakes.append(Problem((_PLUGINS, name), f"{words}; {suggestion(name, ['enabled'])}"))
    enabled = {name: given for name, given in value.items() if name == "enabled"}
    return {**enabled, "tables": tables}


def _located(merged: Merged, problem: Problem) -> str:
    """The problem with its source and, where the value is a text of the operating system, how it is read."""
    source = merged.source(problem.path)
    hint = ""
    if source.startswith(("environment", "--set")) and problem.message.startswith("expected"):
        hint = '; values are read as TOML here: 8000, true, "text", ["a", "b"]'
    return f"{source}: {problem}{hint}"


def structure_plugin_config(
    configuration: Configuration, plugin_name: str, config_class: type[Any] | None
) -> tuple[Any, list[str]]:
    """`[plugins.<name>]` as an instance of the plugin's `Config`, and every mistake in it.

    The key `required` is the loader's own. The instance is None where there are mistakes and where the
    plugin has no `Config`.
    """
    table = dict(configuration.plugin_table(plugin_name))
    mistakes = []
    if not isinstance(table.pop(_REQUIRED, True), bool):
        given = shown(configuration.plugin_table(plugin_name)[_REQUIRED])
        mistakes.append(Problem((_REQUIRED,), f"expected true or false, given {given}"))
    config = None
    if config_class is None:
        mistakes.extend(Problem((key,), "this plugin has no settings; remove the key") for key in table)
    else:
        config = _plugin_config(config_class, table, mistakes)
    problems = [_of_plugin(configuration, plugin_name, mistake) for mistake in mistakes]
    return (None, problems) if problems else (config, [])


def _plugin_config(cls: type[Any], table: Mapping[str, Any], mistakes: list[Problem]) -> Any:
    try:
        return structure(_over_defaults(cls, table), cls)
    except StructureError as error:
        mistakes.extend(error.problems)
    except UnsupportedTypeError as error:
        mistakes.append(Problem((), f"its Config class {cls.__name__} cannot be used: {error}"))
    return None


def _over_defaults(cls: type[Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table laid over those defaults of its class that are tables, as the core's own are laid."""
    keys(cls)
    merged = Merged()
    for attribute in attrs.fields(cls):
        default = default_of(attribute)
        if isinstance(default, Mapping) and isinstance(table.get(attribute.alias), Mapping):
            merged.lay(Layer(DEFAULT, {attribute.alias: _plain(default, Secret.reveal)}))
    merged.lay(Layer("", table))
    return merged.tree


def _of_plugin(configuration: Configuration, plugin_name: str, mistake: Problem) -> str:
    place = Problem((_PLUGINS, plugin_name, *mistake.path), f"{mistake.message} (plugin {plugin_name!r})")
    return _located(configuration._merged, place)  # noqa: SLF001 - this module's own class


def effective(configuration: Configuration, plugin_configs: Mapping[str, Any]) -> list[EffectiveKey]:
    """Every key in force with its source: the core's, and those of the plugins' configs.

    `plugin_configs` holds the configs of the loaded plugins by name. The tables of others stand as given,
    without what looks like a secret. Secrets are never shown (see `koe.secret`).
    """
    core: dict[str, Any] = _plain(configuration.settings)
    tables = guarded_plain("", core[_PLUGINS].pop("tables"))
    for name, config in plugin_configs.items():
        given = {key: value for key, value in tables.get(name, {}).items() if key == _REQUIRED}
        tables[name] = {**given, **(_plain(config) if config is not None else {})}
    flat = [*_flat(core, ()), *_flat({name: table for name, table in tables.items() if table}, (_PLUGINS,))]
    return [EffectiveKey(toml.dotted(path), value, _source(configuration, path)) for path, value in flat]


def _source(configuration: Configuration, path: tuple[str, ...]) -> str:
    return configuration.sources.get(toml.dotted(path), DEFAULT)


def _flat(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in value.items():
        here = (*path, name)
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, here)
        else:
            yield here, inner


def _plain(value: Any, text_of: Callable[[Secret], str] = str) -> Any:
    """A structured value as the plain data that it could have come from, but for secrets."""
    if attrs.has(type(value)):
        given = [attribute for attribute in attrs.fields(type(value)) if attribute.init]
        return {attribute.alias: _plain(getattr(value, attribute.name), text_of) for attribute in given}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, text_of) for key, inner in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path | Secret):
        return text_of(value) if isinstance(value, Secret) else str(value)
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value))
    return [_plain(item, text_of) for item in value] if isinstance(value, list | tuple) else value


def to_toml(effective_keys: Sequence[EffectiveKey]) -> str:
    """The keys as a config file, each with its source in a comment.

    Defaults are comments altogether: as a config file, the text says what its sources said and no more.
    """
    return toml.document(
        toml.Entry(
            toml.parse_key(entry.key) or (entry.key,), entry.value, entry.source, entry.source != DEFAULT
        )
        for entry in effective_keys
    )
