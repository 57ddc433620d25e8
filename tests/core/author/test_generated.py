"""What `koe plugins new` writes for every kind installs, passes its own tests and checks, loads and works.

All eight are built and installed once, and share one process of each tool.
"""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from koe.author.kinds import KINDS
from koe.author.names import PluginName
from koe.author.writing import write_plugin

BUILD = """
import os, sys
from hatchling.build import build_wheel
for project in sys.argv[2:]:
    os.chdir(project)
    build_wheel(sys.argv[1])
"""
_LONG = PluginName.of("a-name-as-long-as-any-24")


class Generated:
    """One plugin of every kind, installed into a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.projects = root / "projects"
        self.site = root / "site"
        wheels = root / "wheels"
        for folder in (self.projects, self.site, wheels):
            folder.mkdir()
        self.folders = [write_plugin(PluginName.of(f"my-{kind}"), kind, self.projects)[0] for kind in KINDS]
        self.run("-c", BUILD, wheels, *self.folders)
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(self.site)

    def run(self, *command: object) -> str:
        """Run Python with the installed plugins; its standard output."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("KOE_", "PYTEST"))}
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=self.projects,
            env=clean
            | {
                "PYTHONPATH": str(self.site),
                "KOE_MODEL_DIR": str(self.projects / "models"),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    return Generated(tmp_path_factory.mktemp("generated"))


def test_their_own_tests_pass(generated):
    tests = [folder / "tests" for folder in generated.folders]
    config = generated.folders[0] / "pyproject.toml"
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "koe.testing.fixtures", "-p", "no:cacheprovider")
    said = generated.run("-m", "pytest", "-q", *plugins, "-c", config, *tests)
    assert int(said.split(" passed")[0].split()[-1]) > 100


def test_they_are_clean_for_mypy_strict(generated, tmp_path):
    untyped = {
        module
        for folder in generated.folders
        for override in _pyproject(folder)["tool"]["mypy"].get("overrides", ())
        for module in override["module"]
    }
    config = tmp_path / "mypy.ini"
    sections = "".join(f"[mypy-{module}]\nignore_missing_imports = true\n" for module in sorted(untyped))
    config.write_text(f"[mypy]\nstrict = true\n{sections}", encoding="utf-8")
    code = [path for folder in generated.folders for path in (folder / f"{folder.name.replace('-', '_')}",)]
    tests = [folder / "tests" for folder in generated.folders]
    options = ("--config-file", config, "--cache-dir", os.devnull)
    assert "no issues found" in generated.run("-m", "mypy", *options, *code, *tests)


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_they_are_clean_for_ruff(generated, command):
    generated.run("-m", "ruff", *command, "--no-cache", ".")


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_name_leaves_no_line_too_long(tmp_path, kind):
    folder, _ = write_plugin(_LONG, kind, tmp_path)
    lines = [line for path in folder.rglob("*.py") for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if len(line) > 110] == []


def test_they_load_by_their_config_and_do_their_work(generated, tmp_path):
    generated.run(Path(__file__).with_name("generated.py"), generated.projects, tmp_path / "did.json")
    did = json.loads((tmp_path / "did.json").read_text(encoding="utf-8"))
    assert did["states"] == ["active"] * len(KINDS)
    assert did["format"] == ".snd" + "made with koe"
    assert did["normalizer"] > 1.2, "the words said in full take longer"
    assert did["processor"] is True
    assert did["engine"] == "my-engine"
    assert did["provider"] == ["CPUExecutionProvider", True]
    assert did["cache"][0] > 0, "nothing was stored"
    assert did["cache"][1] > 0, "nothing was found again"
    assert did["markup"] > 1.0, "two slashes are a pause of two seconds instead of a comma"
    assert did["routes"] == {"busy": False, "running": 0, "queued": 0}


def _pyproject(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
