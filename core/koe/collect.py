"""Calls the registration hooks, plugin by plugin, so that every result and every mistake has an owner."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pluggy
from attrs import define, field
from cyclopts import App
from starlette.middleware import Middleware

from koe.hooks import PROJECT, Plugin, overrides
from koe.registry import LoadedPlugin, Observer, Owned, PluginState, Registry
from koe.stages import (
    AudioFormat,
    AudioProcessor,
    CacheBackend,
    Component,
    Engine,
    ExecutionProvider,
    MarkupParser,
    Normalizer,
    Phonemizer,
)

_COMPONENTS: Mapping[str, tuple[str, type[Component]]] = {
    "register_markup_parsers": ("markup_parsers", MarkupParser),
    "register_normalizers": ("normalizers", Normalizer),
    "register_phonemizers": ("phonemizers", Phonemizer),
    "register_engines": ("engines", Engine),
    "register_execution_providers": ("execution_providers", ExecutionProvider),
    "register_audio_processors": ("audio_processors", AudioProcessor),
    "register_formats": ("formats", AudioFormat),
    "register_cache_backends": ("cache_backends", CacheBackend),
}
KINDS = tuple(target for target, _ in _COMPONENTS.values())
"""Where a `Registry` has the components of each kind."""
_OBSERVATIONS = ("segment_synthesized", "request_finished")


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Plugin)
    return manager


@define
class Collector:
    """Gathers what plugins register. `problems` holds the mistakes, ready to print."""

    problems: list[str] = field(factory=list)
    _manager: pluggy.PluginManager = field(factory=_manager)
    _loaded: list[LoadedPlugin] = field(factory=list)
    _components: dict[str, dict[str, Owned[Any]]] = field(
        factory=lambda: {target: {} for target, _ in _COMPONENTS.values()}
    )

    def add(self, loaded: LoadedPlugin) -> list[str]:
        """Register one plugin and its components. Returns its mistakes; with any, nothing of it stays."""
        problems = list(self._hook_mistakes(loaded))
        if not problems:
            gathered = dict(self._gather(loaded, problems))
        if problems:
            return problems
        for (target, name), owned in gathered.items():
            self._components[target][name] = owned
        self._loaded.append(loaded)
        return []

    def registry(self, states: Iterable[PluginState] = ()) -> Registry:
        """Everything gathered. Calls the hooks whose results have no name: middleware and commands."""
        return Registry(
            **self._components,
            middleware=tuple(self._listed("register_middleware", Middleware)),
            commands=tuple(self._listed("register_commands", App)),
            observers={hook: tuple(self._observers(hook)) for hook in _OBSERVATIONS},
            plugins=tuple(self._loaded),
            states=tuple(states),
        )

    def _hook_mistakes(self, loaded: LoadedPlugin) -> Iterator[str]:
        """Hooks that would silently never be called: unmarked, misspelt, or with a wrong signature."""
        for hook in dir(Plugin):
            if self._manager.parse_hookspec_opts(Plugin, hook) is None:
                continue
            if overrides(loaded.plugin, hook) and not self._implements(loaded, hook):
                owner = type(loaded.plugin).__name__
                yield (
                    f"plugin {loaded.name!r}: {owner}.{hook} lacks @hookimpl "
                    f"and would never be called; add it"
                )
        try:
            self._manager.register(loaded.plugin, loaded.name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            yield f"plugin {loaded.name!r}: {' '.join(str(error).split())}"
        finally:
            # Hooks are called plugin by plugin; a plugin left here would fail the check of the next one.
            if self._manager.has_plugin(loaded.name):
                self._manager.unregister(name=loaded.name)

    def _gather(
        self, loaded: LoadedPlugin, problems: list[str]
    ) -> Iterator[tuple[tuple[str, str], Owned[Any]]]:
        """What one plugin registers, by kind and name; mistakes go to `problems`."""
        seen: set[tuple[str, str]] = set()
        for hook, (target, kind) in _COMPONENTS.items():
            for component in self._call(loaded, hook, kind, problems):
                name = getattr(component, "name", None)
                if not isinstance(name, str) or not name:
                    problems.append(
                        f"plugin {loaded.name!r}: {hook} returned {component!r}, which has no `name`"
                    )
                elif name in self._components[target] or (target, name) in seen:
                    problems.append(self._clash(target, name, loaded.name))
                else:
                    seen.add((target, name))
                    yield (target, name), Owned(component, loaded.name)

    def _clash(self, target: str, name: str, plugin: str) -> str:
        owner = self._components[target].get(name)
        kind = target.replace("_", " ")
        return (
            f"two {kind} are named {name!r}: one of plugin {owner.plugin if owner else plugin!r}, "
            f"one of plugin {plugin!r}; disable one of them"
        )

    def _call(self, loaded: LoadedPlugin, hook: str, kind: type[Any], problems: list[str]) -> list[Any]:
        """One plugin's results of one registration hook, type-checked."""
        if not self._implements(loaded, hook):
            return []
        try:
            results = list(getattr(loaded.plugin, hook)())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's hook may raise anything
            problems.append(f"plugin {loaded.name!r}: {hook} failed: {type(error).__name__}: {error}")
            return []
        wrong = [item for item in results if not isinstance(item, kind)]
        problems.extend(
            f"plugin {loaded.name!r}: {hook} returned {item!r}, expected a {kind.__name__}" for item in wrong
        )
        return [item for item in results if isinstance(item, kind)]

    def _listed(self, hook: str, kind: type[Any]) -> Iterator[Owned[Any]]:
        for loaded in self._loaded:
            for item in self._call(loaded, hook, kind, self.problems):
                yield Owned(item, loaded.name)

    def _observers(self, hook: str) -> Iterator[Observer]:
        for loaded in self._loaded:
            if self._implements(loaded, hook):
                yield Observer(loaded.name, getattr(loaded.plugin, hook))

    def _implements(self, loaded: LoadedPlugin, hook: str) -> bool:
        return self._manager.parse_hookimpl_opts(loaded.plugin, hook) is not None
