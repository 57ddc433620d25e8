"""What the enabled plugins provide: named components, each with its owner."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen
from cyclopts import App
from starlette.middleware import Middleware

from koe.hooks import Plugin
from koe.stages import (
    AudioFormat,
    AudioProcessor,
    CacheBackend,
    Engine,
    ExecutionProvider,
    MarkupParser,
    Normalizer,
    Phonemizer,
)

T = TypeVar("T")


@frozen
class Owned(Generic[T]):
    """A component and the name of the plugin that registered it."""

    component: T
    plugin: str


@frozen
class PluginState:
    """How one enabled plugin fared: `active`, or `failed` where `required = false` let the server start."""

    name: str
    state: str
    distribution: str = ""
    version: str = ""
    error: str | None = None


@frozen
class LoadedPlugin:
    """A plugin that is active."""

    name: str
    plugin: Plugin
    config: Any = None


@frozen
class Observer:
    """One plugin's implementation of an observation hook."""

    plugin: str
    notify: Callable[..., None]


@frozen
class Registry:
    """Everything that the enabled plugins registered, by name. Built once at start-up."""

    markup_parsers: Mapping[str, Owned[MarkupParser]] = field(factory=dict)
    normalizers: Mapping[str, Owned[Normalizer]] = field(factory=dict)
    phonemizers: Mapping[str, Owned[Phonemizer]] = field(factory=dict)
    engines: Mapping[str, Owned[Engine]] = field(factory=dict)
    execution_providers: Mapping[str, Owned[ExecutionProvider]] = field(factory=dict)
    audio_processors: Mapping[str, Owned[AudioProcessor]] = field(factory=dict)
    formats: Mapping[str, Owned[AudioFormat]] = field(factory=dict)
    cache_backends: Mapping[str, Owned[CacheBackend]] = field(factory=dict)
    middleware: tuple[Owned[Middleware], ...] = ()
    commands: tuple[Owned[App], ...] = ()
    observers: Mapping[str, tuple[Observer, ...]] = field(factory=dict)
    plugins: tuple[LoadedPlugin, ...] = ()
    states: tuple[PluginState, ...] = ()
