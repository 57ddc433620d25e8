"""The conformance classes for what one plugin registers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from attrs import define, field, frozen

from koe.config import Configuration
from koe.errors import ConfigError
from koe.hooks import Plugin, overrides
from koe.plugins import load_alone
from koe.registry import Registry
from koe.stages import CacheBackend, Component, Engine, Normalizer
from koe.testing.conformance.cache_backends import CacheBackendConformance
from koe.testing.conformance.engines import EngineConformance
from koe.testing.conformance.formats import AudioFormatConformance
from koe.testing.conformance.normalizers import MarkupParserConformance, NormalizerConformance
from koe.testing.conformance.phonemizers import PhonemizerConformance
from koe.testing.conformance.plugins import PluginConformance
from koe.testing.conformance.processors import AudioProcessorConformance
from koe.testing.conformance.providers import ExecutionProviderConformance
from koe.testing.conformance.routes import RoutesConformance


@frozen
class _Conformance:
    """The class of one kind of components, and its fixture that gives the component."""

    cls: type[Any]
    fixture: str


_OF_COMPONENTS: Mapping[str, _Conformance] = {
    "markup_parsers": _Conformance(MarkupParserConformance, "parser"),
    "normalizers": _Conformance(NormalizerConformance, "normalizer"),
    "phonemizers": _Conformance(PhonemizerConformance, "phonemizer"),
    "engines": _Conformance(EngineConformance, "engine"),
    "execution_providers": _Conformance(ExecutionProviderConformance, "provider"),
    "audio_processors": _Conformance(AudioProcessorConformance, "processor"),
    "formats": _Conformance(AudioFormatConformance, "audio_format"),
    "cache_backends": _Conformance(CacheBackendConformance, "backend"),
}


@frozen
class Subject:
    """What a class of the suite is about. `unchecked` says why it is not checked; empty where it is."""

    kind: str
    component: str
    unchecked: str = ""


@define
class Suite:
    """One plugin's conformance classes by name, and what each is about.

    With `shared_caches`, cache backends whose values leave the process are checked, which empties them.
    """

    plugin: str
    configuration: Configuration
    shared_caches: bool = False
    classes: dict[str, type[Any]] = field(factory=dict)
    subjects: dict[str, Subject] = field(factory=dict)

    def collect(self) -> None:
        """Load the plugin and make its classes.

        Raises:
            ConfigError: the plugin cannot be loaded, or sets what its conformance class does not have.
        """
        registry = load_alone(self.configuration, self.plugin)
        (loaded,) = registry.plugins
        cls, config = type(loaded.plugin), loaded.config
        self._add(
            Subject("plugin", self.plugin),
            PluginConformance,
            plugin_class=lambda: cls,
            config=lambda: config,
        )
        for kind, name, component in _components(registry):
            self._add_component(kind, name, component)
        if overrides(loaded.plugin, "register_routes"):
            self._add(Subject("routes", self.plugin), RoutesConformance, plugin=lambda: _built(cls, config))

    def _add_component(self, kind: str, name: str, component: Component) -> None:
        conformance = _OF_COMPONENTS[kind]
        subject = Subject(kind.removesuffix("s").replace("_", " "), name, self._unchecked(component))
        unknown = [key for key in component.conformance if not hasattr(conformance.cls, key)]
        if unknown:
            problem = (
                f"{subject.kind} {name!r} of plugin {self.plugin!r} sets {unknown[0]!r} in `conformance`"
            )
            raise ConfigError([f"{problem}, which {conformance.cls.__name__} does not have"])
        made: dict[str, Callable[[], Any]] = {conformance.fixture: lambda: component}
        if isinstance(component, CacheBackend):
            made[conformance.fixture] = lambda: self._fresh(kind, name)
        self._add(subject, conformance.cls, {**_language(component), **component.conformance}, **made)

    def _fresh(self, kind: str, name: str) -> Component:
        """The component of another instance of the plugin, which holds nothing yet."""
        component: Component = getattr(load_alone(self.configuration, self.plugin), kind)[name].component
        return component

    def _unchecked(self, component: Component) -> str:
        if isinstance(component, Engine):
            return component.missing() or ""
        if isinstance(component, CacheBackend) and component.shared and not self.shared_caches:
            return "checking it would empty it, and it may be in use: say --shared-caches for one that is not"
        return ""

    def _add(
        self,
        subject: Subject,
        base: type[Any],
        attributes: Mapping[str, Any] | None = None,
        /,
        **made: Callable[[], Any],
    ) -> None:
        name = f"Test{len(self.subjects)}"
        self.subjects[name] = subject
        if not subject.unchecked:
            fixtures = {fixture: _fixture(fixture, make) for fixture, make in made.items()}
            self.classes[name] = type(name, (base,), {**(attributes or {}), **fixtures})


def _language(component: Component) -> Mapping[str, Any]:
    """A language that a normalizer is for, where English is none of them."""
    languages = component.languages if isinstance(component, Normalizer) else None
    return {"language": min(languages)} if languages and "en" not in languages else {}


def _components(registry: Registry) -> Iterator[tuple[str, str, Component]]:
    for kind in _OF_COMPONENTS:
        for name, owned in getattr(registry, kind).items():
            yield kind, name, owned.component


def _built(cls: type[Plugin], config: Any) -> Plugin:
    return cls() if cls.Config is None else cls(config)


def _fixture(name: str, make: Callable[[], Any]) -> Any:
    def given(_: Any) -> Any:
        return make()

    return pytest.fixture(name=name)(given)
