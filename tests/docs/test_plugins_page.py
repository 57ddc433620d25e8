"""What docs/plugins.md shows works as it stands, and it names every hook."""

import re
import sys
import types
from pathlib import Path
from typing import Any

import koe.testing.conformance
import pluggy
import pytest
from koe.hooks import PROJECT, Plugin, hookspec
from koe.testing.build import registry_of
from koe.testing.conformance.normalizers import NormalizerConformance
from koe.types import Segment, VoiceMix

PAGE = (Path(__file__).parents[2] / "docs/plugins.md").read_text(encoding="utf-8")
_CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def _module():
    module = types.ModuleType("koe_polite")
    sys.modules["koe_polite"] = module
    exec(_CODE[0], module.__dict__)
    return module


def test_the_page_s_plugin_registers_and_works():
    module = _module()
    registry = registry_of(module.PolitePlugin(module.PoliteConfig()))
    segment = Segment("oh darn, darn it", VoiceMix.of("x"), "en")
    (result,) = registry.normalizers["polite"].component.normalize(segment)
    assert isinstance(result, Segment)
    assert result.text == "oh goodness, goodness it"
    assert result.source(3, 11).start == 3


def test_the_page_s_normalizer_does_what_every_normalizer_must():
    """With a word in the place of the suite's given phonemes, too."""
    module = _module()
    suite = NormalizerConformance()
    tests = [name for name in dir(suite) if name.startswith("test_")]
    assert len(tests) >= 7
    for word in ("darn", "Kokoro"):
        for test in tests:
            getattr(suite, test)(module.Polite(module.PoliteConfig(word)))


def test_the_page_s_config_refuses_a_word_that_is_none():
    with pytest.raises(ValueError, match="word"):
        _module().PoliteConfig("")


def test_the_page_s_test_is_a_test():
    _module()
    namespace: dict[str, Any] = {"__name__": "page"}
    exec(_CODE[1], namespace)
    assert issubclass(namespace["TestPolite"], NormalizerConformance)


def _hooks(cls: type) -> set[str]:
    manager = pluggy.PluginManager(PROJECT)
    return {name for name in dir(cls) if manager.parse_hookspec_opts(cls, name) is not None}


def test_every_hook_is_listed():
    assert len(_hooks(Plugin)) >= 13
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(_hooks(Plugin))


def test_a_planted_hook_is_found():
    class Planted(Plugin):
        @hookspec
        def planted(self) -> None:
            """A hook that no page lists."""

    assert _hooks(Planted) - _hooks(Plugin) == {"planted"}


def test_every_conformance_class_is_listed():
    folder = Path(koe.testing.conformance.__file__).parent
    classes = {
        f"{file.stem}.{name}"
        for file in folder.glob("*.py")
        for name in re.findall(r"^class (\w+Conformance)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(classes) >= 10
    assert set(re.findall(r"`(\w+\.\w+Conformance)`", PAGE)) == classes
