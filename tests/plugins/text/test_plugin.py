"""The plugin registers normalizers that behave, and starts without loading a library."""

import asyncio
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import structlog
from attrs import fields
from koe.testing.build import registry_of
from koe.testing.conformance.normalizers import NormalizerConformance
from koe_text import (
    CleanConfig,
    EnglishConfig,
    EuropeanConfig,
    TextNormalizationConfig,
    TextNormalizationPlugin,
)
from koe_text.spokenform_library import Spokenform
from koe_text.warming import Warming
from koe_text.wetext_library import Wetext

from tests.plugins.text.build import normalizer, shared

ROOT = Path(__file__).parents[3]
NAMES = ["clean", "segment", "english", "european", "cjk", "normalize"]


def test_it_registers_its_normalizers_and_its_command():
    registry = registry_of(TextNormalizationPlugin())
    assert list(registry.normalizers) == NAMES
    assert [owned.component.name for owned in registry.commands] == [("normalize",)]


def test_the_libraries_are_loaded_when_a_text_needs_them():
    code = (
        "import sys; from koe_text import TextNormalizationPlugin; TextNormalizationPlugin();"
        "print([name for name in ('spokenform', 'wetext', 'pysbd') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


_LOADED = """
import asyncio, sys
from koe_text import TextNormalizationConfig, TextNormalizationPlugin
from koe.testing.build import registry_of
plugin = TextNormalizationPlugin(TextNormalizationConfig(warm={warm!r}))
class Server:
    workers = {workers}
async def main():
    async with plugin.lifespan(Server()):
        pass
asyncio.run(main())
print([name for name in ("spokenform", "wetext", "pysbd") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("warm", "workers", "loaded"),
    [
        (("en",), 1, ["spokenform", "wetext", "pysbd"]),
        (("de",), 1, ["spokenform", "pysbd"]),
        (("en",), 0, []),
    ],
)
def test_a_server_loads_what_its_languages_need_and_a_command_does_not(warm, workers, loaded):
    code = _LOADED.format(warm=warm, workers=workers)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{loaded}\n"


def test_a_library_that_cannot_be_loaded_does_not_keep_a_server_from_starting(monkeypatch):
    def broken():
        raise ImportError("no pysbd")

    monkeypatch.setattr("koe_text.warming.warm_pysbd", broken)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(
            Warming(TextNormalizationConfig(), Spokenform(), Wetext()).run(shared().register_normalizers())
        )
    assert [(log["event"], log["error"]) for log in logs] == [("normalization_not_warmed", "no pysbd")]


def test_a_language_that_no_library_reads_cannot_be_warmed():
    with pytest.raises(ValueError, match="warm holds 'hi'; possible are de, en"):
        TextNormalizationConfig(warm=("hi",))


def test_the_page_names_every_normalizer_switch_and_language():
    page = (ROOT / "docs/normalization.md").read_text(encoding="utf-8")
    switches = [
        field.name for config in (CleanConfig, EnglishConfig, EuropeanConfig) for field in fields(config)
    ]
    assert [name for name in [*NAMES, *switches] if f"`{name}`" not in page] == []
    example = page.split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(example)["pipeline"]["normalize"] == ["normalize", "sentences"]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_s_pipelines_name_what_is_registered(name):
    assert normalizer(name, shared()).name == name


class TestClean(NormalizerConformance):
    @pytest.fixture
    def normalizer(self):
        return normalizer("clean")


class TestSegment(NormalizerConformance):
    @pytest.fixture
    def normalizer(self):
        return normalizer("segment")


class TestEnglish(NormalizerConformance):
    @pytest.fixture
    def normalizer(self):
        return normalizer("english")


class TestEuropean(NormalizerConformance):
    language = "es-ES"

    @pytest.fixture
    def normalizer(self):
        return normalizer("european")


class TestCjk(NormalizerConformance):
    language = "ja-JP"

    @pytest.fixture
    def normalizer(self):
        return normalizer("cjk")


class TestNormalize(NormalizerConformance):
    @pytest.fixture
    def normalizer(self):
        return normalizer("normalize")
