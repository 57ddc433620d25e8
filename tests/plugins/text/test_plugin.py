"""The plugin registers normalizers that behave, and starts without loading a library."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from attrs import fields
from koe.testing.build import registry_of
from koe.testing.conformance.normalizers import NormalizerConformance
from koe_text import CleanConfig, EnglishConfig, EuropeanConfig, TextNormalizationPlugin

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
