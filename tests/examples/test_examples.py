"""The example plugins are what a third party would make: distributions on the public API alone."""

import ast
import io
import json
import re
import tomllib
import wave
from pathlib import Path

import attrs
import numpy as np
import pytest
from koe.cli.main import main
from koe.config import load as load_config
from koe.hooks import Plugin
from koe.plugins import installed
from koe.plugins import load as load_plugins
from koe.settings import PausesSettings
from koe.testing.audio import decode_audio, tone
from koe_clips import ClipsConfig

pytestmark = pytest.mark.usefixtures("koe_environment")

ROOT = Path(__file__).parents[2]
EXAMPLES = {"bleep": "koe-bleep", "clips": "koe-clips", "telephone": "koe-telephone"}
PUBLIC = ("koe.api", "koe.testing")


def folder(name):
    return ROOT / "examples" / EXAMPLES[name]


def page(name):
    return (folder(name) / "README.md").read_text(encoding="utf-8")


def config(name):
    """The config file that the example's page shows."""
    (shown,) = re.findall(r"```toml\n# koe.toml\n(.*?)```", page(name), re.DOTALL)
    return shown


def koe(capfd, *arguments, code=0):
    ended = main([str(argument) for argument in arguments])
    said = capfd.readouterr()
    assert ended == code, said.out + said.err
    return said.out + said.err


def test_these_are_all_the_examples():
    assert sorted(EXAMPLES.values()) == sorted(
        path.parent.name for path in ROOT.glob("examples/*/pyproject.toml")
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_typed_distribution_with_a_page_and_tests(name):
    project = tomllib.loads((folder(name) / "pyproject.toml").read_text(encoding="utf-8"))
    package = EXAMPLES[name].replace("-", "_")
    assert project["project"]["name"] == EXAMPLES[name]
    assert list(project["project"]["entry-points"]["koe.v1"]) == [name]
    assert "koe>=0.1,<0.2" in project["project"]["dependencies"]
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [package]
    assert (folder(name) / package / "py.typed").exists()
    assert list(folder(name).glob("tests/test_*.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_knows_the_public_api_alone(name):
    used = {
        module
        for path in folder(name).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    mine = EXAMPLES[name].replace("-", "_")
    from_koe = {module for module in used if re.match(r"koe(\W|_|$)", module) and not module.startswith(mine)}
    assert "koe.api" in from_koe
    assert [module for module in sorted(from_koe) if not module.startswith(PUBLIC)] == []
    stable = (ROOT / "docs/plugins/stability.md").read_text(encoding="utf-8")
    packages = {".".join(module.split(".")[:3]) for module in from_koe}
    assert [module for module in sorted(packages) if f"`{module}" not in stable] == []


def test_no_ordinary_installation_has_them():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]
    assert [one for one in wanted for name in EXAMPLES.values() if name in one or "examples" in one] == []


def test_their_page_is_linked():
    for page_of_all in ("README.md", "docs/plugins.md"):
        assert "examples/" in (ROOT / page_of_all).read_text(encoding="utf-8"), page_of_all


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_lists_every_key_with_its_default(name):
    (entry,) = installed()[name]
    plugin_class = entry.load()
    assert issubclass(plugin_class, Plugin)
    listed = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]+)`? \|", page(name), re.MULTILINE))
    defaults = attrs.asdict(plugin_class.Config())
    assert {key: str(value) for key, value in defaults.items()} == listed


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_s_config_loads(name, tmp_path):
    (tmp_path / "koe.toml").write_text(config(name), encoding="utf-8")
    configuration = load_config([tmp_path / "koe.toml"])
    assert configuration.problems == ()
    assert name in {plugin.name for plugin in load_plugins(configuration).plugins}


def wav_bytes(samples, rate):
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return made.getvalue()


@pytest.fixture
def say(capfd, tmp_path, monkeypatch):
    """What a page's command makes of the page's config, without Kokoro, which not every machine has."""
    monkeypatch.chdir(tmp_path)

    def said(name):
        Path("koe.toml").write_text(config(name), encoding="utf-8")
        ((text, file),) = re.findall(
            r'^\$ koe say "([^"]+)" --config koe.toml -o (\S+)$', page(name), re.MULTILINE
        )
        kokoro = ("--disable", "kokoro") if '"kokoro"' in config(name) else ()
        koe(capfd, "say", text, "--config", "koe.toml", "-o", file, *kokoro)
        return decode_audio(Path(file).read_bytes())

    return said


def test_the_bleep_is_in_the_file_in_the_place_of_the_word(say):
    samples, rate = say("bleep")
    size = rate // 50
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    bleeping = power[:, np.abs(frequencies - 1000) < 120].sum(axis=1) / (power.sum(axis=1) + 1e-9) > 0.98
    first, last = np.flatnonzero(bleeping)[[0, -1]]
    assert bleeping[first : last + 1].all()
    assert (last + 1 - first) / 50 == pytest.approx(4 * 0.07, abs=0.05)
    assert 0.15 < first / len(frames) < 0.6, "not after 'where the'"


def test_the_telephone_takes_away_what_lies_outside_of_its_band(say):
    samples, rate = say("telephone")
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    outside = power[(frequencies < 200) | (frequencies > 3500)].sum()
    assert 10 * np.log10(outside / power.sum()) < -40


def test_the_clips_say_what_the_page_says(say, tmp_path):
    manifest = re.findall(r"```toml\n# voices/anna/voice.toml\n(.*?)```", page("clips"), re.DOTALL)[0]
    voice = tmp_path / ClipsConfig().folder / "anna"
    voice.mkdir(parents=True)
    (voice / "voice.toml").write_text(manifest, encoding="utf-8")
    files = tomllib.loads(manifest)["clips"]
    for number, file in enumerate(files.values()):
        (voice / file).parent.mkdir(exist_ok=True)
        samples = tone(300 + 100 * number, 0.2 + 0.1 * number, 16_000)
        (voice / file).write_bytes(wav_bytes(samples, 16_000))
    samples, rate = say("clips")
    spoken = [list(files).index(word) for word in ("the train departs from", "platform", "two")]
    gap_s, end_s = ClipsConfig().word_gap_s, PausesSettings().after["."]
    assert len(samples) / rate == pytest.approx(
        sum(0.2 + 0.1 * number for number in spoken) + 2 * gap_s + end_s, abs=0.02
    )


def test_an_enabled_bleep_that_nothing_uses_is_an_error(capfd):
    said = koe(capfd, "config", "check", "--enable", "bleep", code=2)
    assert 'pipeline.normalize: expected "bleep" in it' in said


def test_they_are_listed_as_disabled(capfd):
    rows = json.loads(koe(capfd, "plugins", "list", "--json"))
    assert {row["name"]: row["state"] for row in rows if row["name"] in EXAMPLES} == dict.fromkeys(
        EXAMPLES, "disabled"
    )
