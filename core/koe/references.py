"""Checks that the names which the config uses are names that some enabled plugin registered."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from attrs import frozen

from koe.config import Configuration
from koe.registry import Owned, Registry
from koe.spelling import nearest
from koe.voice_names import voice_name_mistakes


@frozen
class _Reference:
    key: str
    names: Iterable[str]
    known: Mapping[str, Owned[Any]]
    kind: str


def check_references(configuration: Configuration, registry: Registry) -> Iterator[str]:
    """The names that nobody registered, processors in the wrong place or in none, names of voices.

    A default that names a component of a plugin which is not enabled is no mistake: nobody wrote it.
    """
    for reference in _references(configuration, registry):
        if _written(configuration, reference.key):
            yield from _unknown(configuration.where(reference.key), reference)
    yield from _after_last(configuration, registry)
    yield from _left_out(configuration, registry)
    yield from _unmarked(configuration, registry)
    for key, mistake in voice_name_mistakes(configuration.settings.voices):
        yield f"{configuration.where(key)}: {mistake}"


def _references(configuration: Configuration, registry: Registry) -> Iterator[_Reference]:
    settings = configuration.settings
    pipeline = settings.pipeline
    engines = registry.engines
    default = [] if settings.engine.default == "auto" else [settings.engine.default]
    models = [name for name in settings.engine.models.values() if name != "default"]
    providers = registry.execution_providers
    yield _Reference("pipeline.normalize", pipeline.normalize, registry.normalizers, "normalizer")
    yield _Reference("pipeline.phonemize", pipeline.phonemize, registry.phonemizers, "phonemizer")
    yield _Reference(
        "pipeline.postprocess", pipeline.postprocess, registry.audio_processors, "audio processor"
    )
    yield _Reference("cache.tiers", settings.cache.tiers, registry.cache_backends, "cache backend")
    yield _Reference("engine.default", default, engines, "engine")
    yield _Reference("engine.auto_order", settings.engine.auto_order, engines, "engine")
    yield _Reference("engine.models", models, engines, "engine")
    yield _Reference("inference.providers", settings.inference.providers, providers, "execution provider")
    yield _Reference("http.response_format", [settings.http.response_format], registry.formats, "format")


def _written(configuration: Configuration, key: str) -> bool:
    return any(
        source != "default" and (path == key or path.startswith(f"{key}."))
        for path, source in configuration.sources.items()
    )


def _unknown(where: str, reference: _Reference) -> Iterator[str]:
    for name in reference.names:
        if name not in reference.known:
            near = nearest(name, reference.known)
            guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            listing = ", ".join(reference.known) or "none"
            unknown = f"no enabled plugin registers {reference.kind} {name!r}"
            yield f"{where}: {unknown}{guess} (registered: {listing})"


def _after_last(configuration: Configuration, registry: Registry) -> Iterator[str]:
    for name, following in pairwise(configuration.settings.pipeline.postprocess):
        owned = registry.audio_processors.get(name)
        if owned is not None and owned.component.last:
            yield (
                f"{configuration.where('pipeline.postprocess')}: {name!r} must be the last audio processor, "
                f"but {following!r} follows it; move {name!r} to the end"
            )


def _left_out(configuration: Configuration, registry: Registry) -> Iterator[str]:
    """Processors that are useless unless they are used."""
    written = configuration.settings.pipeline.postprocess
    for name, owned in registry.audio_processors.items():
        if owned.component.left_out and name not in written:
            line = json.dumps([*written, name])
            yield (
                f"{configuration.where('pipeline.postprocess')}: plugin {owned.plugin!r} is enabled, but its "
                f"audio processor {name!r} is not listed here, so {owned.component.left_out}; "
                f"to use it: pipeline.postprocess = {line}"
            )


def _unmarked(configuration: Configuration, registry: Registry) -> Iterator[str]:
    """Tiers outside the process that would hold audio without the mark that answers are given."""
    settings = configuration.settings
    processors = (registry.audio_processors.get(name) for name in settings.pipeline.postprocess)
    marking = next((owned for owned in processors if owned is not None and owned.component.marks), None)
    tiers = [
        name
        for name in settings.cache.tiers
        if (owned := registry.cache_backends.get(name)) is not None and owned.component.shared
    ]
    if marking is not None and tiers and not settings.cache.unmarked:
        them = "it" if len(tiers) == 1 else "them"
        yield (
            f"{configuration.where('cache.tiers')}: {', '.join(map(repr, tiers))} would keep audio outside "
            f"of this process as it is before {marking.component.name!r} marks it; leave {them} out, or set "
            f"cache.unmarked = true if whoever can read {them} may have unmarked audio"
        )
