"""Normalizers are told what `pipeline.normalize` names."""

from importlib.metadata import EntryPoint

from koe import plugins
from koe.api import Normalizer, Plugin, hookimpl
from koe.config import load as load_config
from koe.plugins import load


class _Told(Normalizer):
    def __init__(self, name):
        self.name = name
        self.told = None

    def normalize(self, segment):
        yield segment

    def use_pipeline(self, normalizers):
        assert self.told is None
        self.told = [one.name for one in normalizers]


class _TwoNormalizers(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [_Told("first"), _Told("second")]


def test_every_registered_normalizer_is_told_the_pipeline_in_its_order(monkeypatch):
    entry = EntryPoint("two", f"{__name__}:_TwoNormalizers", "koe.v1")
    monkeypatch.setattr(EntryPoint, "load", lambda _self: _TwoNormalizers)
    monkeypatch.setattr(plugins, "installed", lambda: {"two": (entry,)})
    configuration = load_config(
        assignments=(
            'plugins.enabled=["two"]',
            'pipeline.normalize=["second", "first"]',
            "pipeline.phonemize=[]",
        )
    )
    registry = load(configuration)
    told = [getattr(one.component, "told", None) for one in registry.normalizers.values()]
    assert told == [["second", "first"]] * 2
