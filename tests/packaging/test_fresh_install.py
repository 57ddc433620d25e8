"""What is installed in a fresh environment speaks, and a third-party plugin fits in."""

import json
import os
import re
import subprocess
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "sample"

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


class Environment:
    """The virtual environment that the Dockerfile makes of a copy of the working tree."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.folder = folder
        self.python = venv / "bin/python"

    def run(self, *command: object, cwd: Path | None = None, code: int = 0, **environ: str) -> str:
        """Run a command; its standard output and error."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("KOE_", "PYTHON"))}
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.folder,
            env=clean | {"KOE_MODEL_DIR": str(self.folder / "models"), **environ},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def koe(self, *arguments: object, code: int = 0, **environ: str) -> str:
        # By its Python: the script names the one that it has inside the image.
        return self.run(self.python, self.python.parent / "koe", *arguments, cwd=None, code=code, **environ)


@pytest.fixture(scope="module")
def environment(tmp_path_factory, image):
    return Environment(tmp_path_factory.mktemp("fresh"), image.stage("build").at("/opt/koe"))


@pytest.fixture(scope="module")
def with_sample(environment):
    environment.run(environment.python, "-m", "pip", "install", "--quiet", SAMPLE)
    return environment


def test_the_readme_s_one_command_installs_and_speaks(tmp_path):
    """In a new environment, with pip and nothing else, of this working tree."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (pip install \. && .*)$", readme, re.MULTILINE)
    script = f"python3 -m venv venv && . venv/bin/activate && cd '{ROOT}' && {command}"
    out = tmp_path / "hello.wav"
    assert command.endswith(" -o hello.wav")
    fresh = Environment(tmp_path, tmp_path / "venv")
    said = fresh.run("bash", "-c", script.replace("hello.wav", str(out)), PIP_NO_COMPILE="1")
    assert "engine espeak" in said
    assert 2 <= _seconds(out) <= 4


def _seconds(path):
    """Of a WAV file at 24 kHz, mono."""
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (1, 24_000)
        return wav.getnframes() / wav.getframerate()


def test_a_fresh_install_speaks_without_any_download(environment):
    said = environment.koe("say", "The quick brown fox jumps over the lazy dog.", "-o", "fox.wav")
    assert "engine espeak" in said
    assert "koe model download" in said
    assert 2 <= _seconds(environment.folder / "fox.wav") <= 4


def test_the_parts_come_as_distributions_of_their_own(environment):
    listed = json.loads(environment.koe("plugins", "list", "--json"))
    origins = {row["name"]: (row["distribution"], row["state"]) for row in listed}
    assert origins == {
        "espeak": ("koe-espeak", "active"),
        "formats": ("koe-formats", "active"),
        "g2p": ("koe-g2p", "active"),
        "kokoro": ("koe", "active"),
        "normalize": ("koe-text", "active"),
        "providers": ("koe-providers", "active"),
        "ssml": ("koe-ssml", "active"),
        "text": ("koe", "active"),
        "wyoming": ("koe-wyoming", "disabled"),
    }


def test_an_installed_plugin_is_listed_but_not_imported_until_it_is_enabled(with_sample, tmp_path):
    marker = tmp_path / "imported"
    rows = json.loads(with_sample.koe("plugins", "list", "--json", KOE_SAMPLE_IMPORTED=str(marker)))
    row = next(row for row in rows if row["name"] == "sample")
    assert (row["state"], row["distribution"], row["version"]) == ("disabled", "koe-sample", "0.3.0")
    assert not marker.exists()
    with_sample.koe("config", "check", "--enable", "sample", KOE_SAMPLE_IMPORTED=str(marker))
    assert marker.exists()


def test_an_enabled_plugin_speaks_with_us_and_a_disabled_one_is_gone(with_sample):
    config = with_sample.folder / "sample.toml"
    config.write_text(
        """
        [plugins]
        enabled = ["text", "espeak", "formats", "sample"]
        [plugins.sample]
        animal = "hippopotamus"
        [pipeline]
        normalize = ["sentences", "sample-replace"]
        postprocess = ["sample-invert"]
        """,
        encoding="utf-8",
    )
    shown = with_sample.koe("plugins", "show", "sample", "--config", config)
    assert "sample-replace" in shown
    assert "sample-invert" in shown
    assert with_sample.koe("sample", "--config", config) == "fox -> hippopotamus\n"
    plain = ("say", "fox", "--format", "pcm", "-o")
    with_sample.koe(*plain, "long.pcm", "--config", config)
    with_sample.koe(*plain, "short.pcm")
    long, short = ((with_sample.folder / name).stat().st_size for name in ("long.pcm", "short.pcm"))
    assert long > 1.1 * short
    said = with_sample.koe("config", "check", "--config", config, "--disable", "sample", code=2)
    assert "sample-replace" in said
    assert "Unknown command" in with_sample.koe("sample", code=2)


def test_a_plugin_s_bad_setting_names_file_key_and_plugin(with_sample):
    config = with_sample.folder / "bad.toml"
    config.write_text('[plugins.sample]\nanimla = "cat"\n', encoding="utf-8")
    said = with_sample.koe("config", "check", "--config", config, "--enable", "sample", code=2)
    assert "bad.toml: plugins.sample.animla" in said
    assert "did you mean 'animal'" in said
