"""Every component gets its conformance class, unless checking it would do harm or cannot tell anything."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import ClassVar

import pytest
from koe import plugins
from koe.api import CacheBackend, CacheStats, Plugin, hookimpl
from koe.author.suite import Suite
from koe.config import load
from koe.errors import ConfigError
from koe.hooks import ENTRY_POINT_GROUP
from koe.testing.fakes import FakeEngine, RawFormat
from koe.text import Sentences
from starlette.routing import Route


class OwnCache(CacheBackend):
    name = "own"

    async def get(self, key):
        return None

    async def put(self, key, value):
        return None

    async def clear(self):
        raise AssertionError("nobody may empty it")

    async def stats(self):
        return CacheStats()


class EverybodysCache(OwnCache):
    name = "everybodys"
    shared = True


class Framed(RawFormat):
    conformance: ClassVar = {"frame_samples": 480}


class Misspelt(RawFormat):
    conformance: ClassVar = {"frame_smaples": 480}


class German(Sentences):
    name = "german"
    languages: ClassVar = frozenset({"de"})


class ManyPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Sentences(), German()]

    @hookimpl
    def register_engines(self):
        return [FakeEngine("there"), FakeEngine("away", reason_missing="no model; get one")]

    @hookimpl
    def register_cache_backends(self):
        return [OwnCache(), EverybodysCache()]

    @hookimpl
    def register_formats(self):
        return [Framed()]

    @hookimpl
    def register_routes(self, server):
        return [Route("/many", lambda _: None)]


class WrongPlugin(Plugin):
    @hookimpl
    def register_formats(self):
        return [Misspelt()]


@pytest.fixture
def suite_of(monkeypatch):
    def collected(target, **options):
        entries = EntryPoints([EntryPoint("many", f"{__name__}:{target}", ENTRY_POINT_GROUP)])
        monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
        monkeypatch.setattr(plugins, "entry_points", entries.select)
        suite = Suite("many", load(), **options)
        suite.collect()
        return suite

    return collected


def _bases(suite):
    """The class of each component that is checked."""
    return {
        (suite.subjects[name].kind, suite.subjects[name].component): cls.__base__.__name__
        for name, cls in suite.classes.items()
    }


def test_every_component_has_the_class_of_its_kind(suite_of):
    assert _bases(suite_of("ManyPlugin")) == {
        ("plugin", "many"): "PluginConformance",
        ("normalizer", "sentences"): "NormalizerConformance",
        ("normalizer", "german"): "NormalizerConformance",
        ("engine", "there"): "EngineConformance",
        ("format", "raw"): "AudioFormatConformance",
        ("cache backend", "own"): "CacheBackendConformance",
        ("routes", "many"): "RoutesConformance",
    }


def test_what_is_not_checked_says_why(suite_of):
    subjects = suite_of("ManyPlugin").subjects.values()
    unchecked = {subject.component: subject.unchecked for subject in subjects if subject.unchecked}
    assert unchecked["away"] == "no model; get one"
    assert "--shared-caches" in unchecked["everybodys"]
    assert len(unchecked) == 2


def test_caches_that_others_use_are_checked_when_somebody_says_so(suite_of):
    assert ("cache backend", "everybodys") in _bases(suite_of("ManyPlugin", shared_caches=True))


def test_a_component_says_what_its_class_has_to_allow_for(suite_of):
    classes = suite_of("ManyPlugin").classes.values()
    (audio_format,) = [cls for cls in classes if cls.__base__.__name__ == "AudioFormatConformance"]
    assert audio_format.frame_samples == 480


def test_a_normalizer_is_checked_in_a_language_that_it_is_for(suite_of):
    suite = suite_of("ManyPlugin")
    languages = {
        suite.subjects[name].component: cls.language
        for name, cls in suite.classes.items()
        if suite.subjects[name].kind == "normalizer"
    }
    assert languages == {"sentences": "en-US", "german": "de"}


def test_what_its_class_does_not_know_is_a_mistake(suite_of):
    with pytest.raises(ConfigError, match="'frame_smaples'"):
        suite_of("WrongPlugin")
