"""Schemes that fail on purpose, and the plugin with them."""

from importlib.metadata import EntryPoint, entry_points

import numpy as np
from attrs import evolve
from koe.testing.build import FAKE_SETTINGS
from koe_watermark import Marker, Scheme, WatermarkConfig, WatermarkPlugin, schemes

SETTINGS = evolve(FAKE_SETTINGS, pipeline=evolve(FAKE_SETTINGS.pipeline, postprocess=("watermark",)))


class Inverting(Marker):
    """Marked audio is upside down and half as loud. Raises in push number `fail_at` (-1: in flush)."""

    def __init__(self, fail_at=None, delay=0):
        self.fail_at = fail_at
        self.pushes = 0
        self.held = np.zeros(0, np.float32)
        self.delay = delay

    def push(self, samples):
        if self.pushes == self.fail_at:
            raise MemoryError("no room for the mark")
        self.pushes += 1
        self.held = np.concatenate([self.held, samples * np.float32(-0.5)])
        ready = max(0, len(self.held) - self.delay)
        out, self.held = self.held[:ready], self.held[ready:]
        return out

    def flush(self):
        if self.fail_at == -1:
            raise MemoryError("no room for the mark")
        return self.held


class Upside(Scheme):
    """Options are those of `Inverting`, and `refuse`: `open` raises."""

    name = "upside"

    def __init__(self, options):
        self.options = dict(options)
        self.refuses = self.options.pop("refuse", False)

    def open(self, info):
        if self.refuses:
            raise OSError("the mark's file is gone")
        return Inverting(**self.options)


class NoScheme:
    """Not a scheme."""


def offer(monkeypatch, **targets):
    """Pretend that a distribution offers these classes of this module as schemes."""
    group = schemes.ENTRY_POINT_GROUP
    built_in = entry_points(group=group)
    more = [EntryPoint(name, f"{__name__}:{target}", group) for name, target in targets.items()]
    monkeypatch.setattr(schemes, "entry_points", lambda group: [*built_in, *more])


def upside_plugin(monkeypatch, policy="required", opt_out=(), **options):
    """The plugin with the scheme `upside`."""
    offer(monkeypatch, upside="Upside")
    settings = {"policy": policy, "opt_out": opt_out, "options": {"upside": options}}
    return WatermarkPlugin(WatermarkConfig(schemes=("upside",), **settings))
