"""Normalizers are told what `pipeline.normalize` names."""

from importlib.metadata import EntryPoint

import numpy as np
from attrs import evolve
from koe import plugins
from koe.api import AudioChunk, Clip, Normalizer, Pause, Plugin, Samples, Segment, SpeechRequest, hookimpl
from koe.config import load as load_config
from koe.plugins import load
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin, symbol_samples


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


CHIME = np.full(2_400, 0.25, np.float32)


class _Chime(Normalizer):
    """A chime in the place of the word "chime", and a pause in the place of "rest"."""

    name = "chime"

    def normalize(self, segment):
        before, word, behind = segment.text.partition("chime")
        if not word:
            yield segment
            return
        yield segment.slice(0, len(before))
        yield Clip(AudioChunk(CHIME, 24_000), -6.0206)
        yield Pause(0.1)
        yield segment.slice(len(before) + len(word), len(segment.text))
        assert behind


class _Seen(Normalizer):
    name = "seen"

    def __init__(self):
        self.parts = []

    def normalize(self, segment):
        self.parts.append(segment)
        yield segment


class _Chiming(Plugin):
    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    @hookimpl
    def register_normalizers(self):
        return [_Chime(), self.seen]


async def test_clips_and_pauses_of_a_normalizer_sound_where_it_put_them():
    """They go past the normalizers behind, and no engine is asked to speak them."""
    seen, engine = _Seen(), FakeEngine()
    pipeline = evolve(FAKE_SETTINGS.pipeline, normalize=("chime", "seen"))
    settings = evolve(FAKE_SETTINGS, pipeline=pipeline)
    async with running(_Chiming(seen), FakePlugin(engine), settings=settings) as synthesizer:
        async with synthesizer.speak(SpeechRequest("a chime b", format="raw")) as speech:
            audio = b"".join([data async for data in speech.encoded("whole")])
    assert all(isinstance(part, Segment) for part in seen.parts)
    assert [segment.text for segment in engine.spoken] == ["a", "b"]
    space = np.zeros_like(symbol_samples(" "))
    expected: list[Samples] = [
        symbol_samples("a"),
        space,
        np.full(2_400, 0.125, np.float32),
        np.zeros(2_400, np.float32),
        symbol_samples("b"),
    ]
    np.testing.assert_allclose(np.frombuffer(audio, np.float32), np.concatenate(expected), atol=1e-5)
