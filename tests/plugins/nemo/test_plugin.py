"""The plugin starts without the library being imported, and says what is missing."""

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from attrs import evolve, fields
from koe.api import ConfigError
from koe.settings import PipelineSettings
from koe.testing.build import FAKE_SETTINGS, registry_of, running
from koe.testing.conformance.normalizers import NormalizerConformance
from koe.testing.fakes import FakePlugin
from koe_nemo import NemoConfig, NemoPlugin, library
from koe_nemo.config import LANGUAGES
from koe_nemo.reader import MOST_STARTS, Reader

from tests.plugins.nemo.build import VERSION, fake_process, folders, nemo

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/normalization.md").read_text(encoding="utf-8")
SETTINGS = evolve(FAKE_SETTINGS, pipeline=PipelineSettings(normalize=("nemo",), phonemize=("letters",)))


class TestNemo(NormalizerConformance):
    @pytest.fixture
    def normalizer(self, tmp_path):
        return nemo(tmp_path, lambda text: text.replace("5", "five").replace("$", "dollars "))


def test_it_registers_its_normalizer_and_its_command():
    registry = registry_of(NemoPlugin())
    assert list(registry.normalizers) == ["nemo"]
    assert [owned.component.name for owned in registry.commands] == [("nemo",)]


def test_neither_the_library_nor_pynini_is_imported_by_koe():
    code = (
        "import sys; from koe_nemo import NemoPlugin; p = NemoPlugin(); list(p.register_commands());"
        "list(p.register_normalizers());"
        "print([name for name in ('nemo_text_processing', 'pynini') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_without_the_library_the_start_says_how_to_install_it(tmp_path, monkeypatch):
    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(library, "version", version)
    with pytest.raises(ConfigError, match=r'pip install "koe-nemo\[library\]"'):
        async with running(FakePlugin(), NemoPlugin(NemoConfig(dir=str(tmp_path))), settings=SETTINGS):
            pass


async def test_without_grammars_the_server_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "version", lambda _name: "9.9")
    with pytest.raises(ConfigError, match="koe nemo build en --enable nemo"):
        async with running(FakePlugin(), NemoPlugin(NemoConfig(dir=str(tmp_path))), settings=SETTINGS):
            pass


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The processes that `plugin` started; there are grammars for English and Hindi."""
    monkeypatch.setattr(library, "version", lambda _name: VERSION)
    folders(tmp_path, "en", "hi")
    return []


@pytest.fixture
def plugin(tmp_path, started):
    def start():
        started.append(fake_process())
        return started[-1]

    return NemoPlugin(NemoConfig(languages=("en", "hi"), dir=str(tmp_path)), Reader(start))


async def test_the_process_is_there_when_the_server_is_ready_and_gone_when_it_stopped(plugin, started):
    async with running(FakePlugin(), plugin, settings=SETTINGS):
        assert [one.is_alive for one in started] == [True]
    assert [one.is_alive for one in started] == [False]


async def test_a_start_that_fails_leaves_no_process(plugin, started, tmp_path):
    (tmp_path / VERSION / "hi" / "broken").touch()
    with pytest.raises(ConfigError, match="grammars of hi cannot be loaded"):
        async with running(FakePlugin(), plugin, settings=SETTINGS):
            pass
    assert [one.is_alive for one in started] == [False]


def test_a_language_that_nemo_does_not_read_is_refused():
    with pytest.raises(ValueError, match="'ru'; possible are ar, de, en"):
        NemoConfig(languages=("en", "ru"))


def test_the_page_names_every_setting_and_language():
    section = PAGE.split("## NeMo")[1].split("\n## ")[0]
    assert [one.name for one in fields(NemoConfig) if f"`{one.name}`" not in section] == []
    assert all(f"`{language}`" in section for language in LANGUAGES)
    reasons = ("too_costly", "failed", "over_budget", "died", "not_loaded", "no_process")
    assert all(f"`{reason}`" in section for reason in reasons)
    assert f"after {MOST_STARTS} starts within a minute" in section
    example = tomllib.loads(section.split("```toml\n")[1].split("```")[0])
    assert example["pipeline"]["normalize"] == ["clean", "segment", "nemo", "european", "cjk"]
    assert set(example["plugins"]["nemo"]) <= {one.name for one in fields(NemoConfig)}


def test_the_root_offers_it_as_an_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["nemo"] == ["koe-nemo[library] @ {root:uri}/plugins/nemo"]
    assert not any("nemo" in one for one in project["dependencies"])
