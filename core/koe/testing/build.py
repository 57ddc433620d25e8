"""A synthesizer out of plugin objects, without entry points or files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from koe.collect import Collector
from koe.errors import ConfigError
from koe.hooks import Plugin
from koe.registry import LoadedPlugin, PluginState, Registry
from koe.settings import (
    EngineSettings,
    InferenceSettings,
    PausesSettings,
    PipelineSettings,
    Settings,
    StreamingSettings,
)
from koe.synthesizer import Synthesizer
from koe.testing.fakes import FakePlugin
from koe.text import TextPlugin

FAKE_SETTINGS = Settings(
    pipeline=PipelineSettings(phonemize=("letters",)),
    engine=EngineSettings(auto_order=("fake",)),
    inference=InferenceSettings(threads=1, concurrency=1),
    pauses=PausesSettings(after={}, paragraph_s=0.0, trim=False),
    streaming=StreamingSettings(cut="never"),
)
"""With these, `FakePlugin` speaks exactly what its segments say, one by one: no pauses, no early cuts."""


def registry_of(*plugins: Plugin) -> Registry:
    """What `plugins` register. Raises `ConfigError` with every mistake."""
    collector = Collector()
    loaded = [LoadedPlugin(type(plugin).__name__, plugin) for plugin in plugins]
    problems = [problem for one in loaded for problem in collector.add(one)]
    registry = collector.registry(PluginState(one.name, "active") for one in loaded)
    if problems or collector.problems:
        raise ConfigError([*problems, *collector.problems])
    return registry


@asynccontextmanager
async def running(
    *plugins: Plugin, settings: Settings = FAKE_SETTINGS, measure: bool = False
) -> AsyncIterator[Synthesizer]:
    """A started synthesizer with `plugins` (without any: the fake ones) and the plugin `text`."""
    synthesizer = Synthesizer(registry_of(TextPlugin(), *(plugins or [FakePlugin()])), settings)
    await synthesizer.start(measure=measure)
    try:
        yield synthesizer
    finally:
        await synthesizer.stop()
