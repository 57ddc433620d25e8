"""Finds the enabled plugins and builds them."""

import re
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

import structlog
from attrs import define, field

from koe.collect import Collector
from koe.config import Configuration, structure_plugin_config
from koe.errors import ConfigError
from koe.hooks import ENTRY_POINT_GROUP, Plugin
from koe.layers import DEFAULT
from koe.lexicon.checks import mistakes
from koe.lexicon.store import Lexicons
from koe.references import check_references
from koe.registry import LoadedPlugin, PluginState, Registry
from koe.settings import PluginsSettings
from koe.spelling import nearest

log = structlog.get_logger(__name__)

_GROUP = re.compile(r"koe\.v(\d+)")
"""An entry-point group of this or another major version of the hook API."""


def installed() -> dict[str, tuple[EntryPoint, ...]]:
    """The installed plugins of this API version by name, not imported. More than one entry: a clash."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: (entry.name, entry.value)):
        others = found.get(entry.name, ())
        if all(entry.value != other.value for other in others):
            found[entry.name] = (*others, entry)
    return found


def of_other_versions() -> dict[str, tuple[EntryPoint, ...]]:
    """The plugins that are installed for other major versions of the hook API only, by name."""
    known = installed()
    found: dict[str, tuple[EntryPoint, ...]] = {}
    groups = sorted(group for group in entry_points().groups if _GROUP.fullmatch(group))
    for group in groups:
        for entry in entry_points(group=group):
            if entry.name not in known:
                found[entry.name] = (*found.get(entry.name, ()), entry)
    return dict(sorted(found.items()))


def not_installed(name: str) -> str:
    """Why there is no plugin `name` for this koe, and the way out."""
    others = of_other_versions().get(name)
    if others:
        return of_another_version(name, _origin(others[0]), [entry.group for entry in others])
    known = installed()
    near = nearest(name, known)
    guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"plugin {name!r} is not installed{guess} (installed: {', '.join(known) or 'none'})"


def of_another_version(name: str, origin: str, groups: Sequence[str]) -> str:
    """That a plugin is built for the hook APIs `groups` and not for this one, and the way out."""
    newer = [group for group in groups if _major(group) > _major(ENTRY_POINT_GROUP)]
    upgrade = f", or a koe that has {newer[0]!r}" if newer else ""
    return (
        f"plugin {name!r} ({origin}) is built for the hook API "
        f"{' and '.join(map(repr, dict.fromkeys(groups)))}, this koe has {ENTRY_POINT_GROUP!r}; "
        f"install a release of the plugin for this koe{upgrade}"
    )


def _major(group: str) -> int:
    match = _GROUP.fullmatch(group)
    return int(match[1]) if match else 0


def load_alone(configuration: Configuration, name: str) -> Registry:
    """Build one plugin, enabled or not, with its table of the configuration; what it alone registers.

    Raises:
        ConfigError: all mistakes of the configuration and of the plugin together.
    """
    loader = _Loader(configuration, where="")
    loader.load_one(name, installed().get(name, ()))
    registry = loader.collector.registry(loader.states)
    failed = [state.error for state in loader.states if state.error is not None]
    problems = [*configuration.problems, *loader.problems, *loader.collector.problems, *failed]
    if problems:
        raise ConfigError(problems)
    for owned in registry.normalizers.values():
        owned.component.use_pipeline([one.component for one in registry.normalizers.values()])
    return registry


def load(configuration: Configuration) -> Registry:
    """Build every enabled plugin and collect what it registers.

    Raises:
        ConfigError: all mistakes of the configuration and of all plugins together.
    """
    loader = _Loader(configuration, where=f"{configuration.where('plugins.enabled')}: ")
    loader.load()
    registry = loader.collector.registry(loader.states)
    problems = [
        *configuration.problems,
        *loader.problems,
        *loader.collector.problems,
        *check_references(configuration, registry),
        *_lexicon_problems(configuration, registry),
    ]
    if problems:
        raise ConfigError(problems)
    names = configuration.settings.pipeline.normalize
    chosen = [registry.normalizers[name].component for name in names if name in registry.normalizers]
    for owned in registry.normalizers.values():
        owned.component.use_pipeline(chosen)
    return registry


def _lexicon_problems(configuration: Configuration, registry: Registry) -> Sequence[str]:
    """What is wrong with `[lexicon]` and its files, as far as it can be known without engines."""
    settings = configuration.settings
    try:
        lexicons = Lexicons.of(settings.lexicon)
    except ConfigError as error:
        return error.problems
    names = settings.pipeline.phonemize
    phonemizers = [registry.phonemizers[name] for name in names if name in registry.phonemizers]
    return mistakes(lexicons.held, phonemizers, {})


@define
class _Loader:
    """Builds plugins. `where` stands before each of their problems: what says that they are enabled."""

    configuration: Configuration
    where: str
    collector: Collector = field(factory=Collector)
    problems: list[str] = field(factory=list)
    states: list[PluginState] = field(factory=list)

    def load(self) -> None:
        available = installed()
        enabled = self.configuration.settings.plugins.enabled
        for name in dict.fromkeys(enabled):
            if enabled.count(name) > 1:
                self.problems.append(f"{self.where}plugin {name!r} is listed twice")
            if name in available or not self._by_default(name):
                self.load_one(name, available.get(name, ()))

    def _by_default(self, name: str) -> bool:
        """Whether nobody wrote that the plugin is enabled; if it is not installed, it is done without."""
        source = self.configuration.sources.get("plugins.enabled", DEFAULT)
        return source.startswith(DEFAULT) and name in PluginsSettings().enabled

    def load_one(self, name: str, entries: tuple[EntryPoint, ...]) -> None:
        problems = self._build(name, entries)
        if problems and self.configuration.plugin_table(name).get("required") is False:
            error = "; ".join(problems)
            log.warning("plugin_failed", plugin=name, error=error)
            self.states.append(_state(name, entries, "failed", error))
            return
        self.problems.extend(problems)
        self.states.append(_state(name, entries, "failed" if problems else "active", None))

    def _build(self, name: str, entries: tuple[EntryPoint, ...]) -> list[str]:
        """Import, configure, build and register one plugin; the problems met."""
        if len(entries) != 1:
            return [f"{self.where}{_not_one(name, entries)}"]
        origin = f"{self.where}plugin {name!r} ({_origin(entries[0])})"
        try:
            plugin_class = entries[0].load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's import may raise anything
            return [f"{origin} cannot be imported: {_said(error)}"]
        if not (isinstance(plugin_class, type) and issubclass(plugin_class, Plugin)):
            return [f"{origin} is not a subclass of koe.api.Plugin"]
        config, problems = structure_plugin_config(self.configuration, name, plugin_class.Config)
        if problems:
            return list(problems)
        try:
            plugin = plugin_class(config) if plugin_class.Config is not None else plugin_class()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's constructor may raise anything
            return [f"{origin} cannot be built: {_said(error)}"]
        return [
            f"{self.where}{problem}" for problem in self.collector.add(LoadedPlugin(name, plugin, config))
        ]


def _not_one(name: str, entries: tuple[EntryPoint, ...]) -> str:
    if entries:
        owners = " and ".join(_origin(entry) for entry in entries)
        return f"plugin {name!r} is provided twice, by {owners}; uninstall one of them"
    return not_installed(name)


def _state(name: str, entries: tuple[EntryPoint, ...], state: str, error: str | None) -> PluginState:
    dist = entries[0].dist if entries else None
    if dist is None:
        return PluginState(name, state, error=error)
    return PluginState(name, state, dist.name, dist.version, error)


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
