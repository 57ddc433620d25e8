"""`koe plugins list` knows every plugin that is installed, also those for another koe."""

import json
import re
from pathlib import Path

import pytest
from koe.author.project import Project
from koe.cli.main import main

pytestmark = pytest.mark.usefixtures("koe_environment")


def _koe(capfd, *arguments):
    code = main(["plugins", *arguments])
    captured = capfd.readouterr()
    return code, captured.out, " ".join(captured.err.split())


@pytest.fixture
def _installed(tmp_path, monkeypatch):
    """Two plugins whose code cannot be imported, for an older and a newer hook API."""
    for name, version, group in (("old", "0.1.0", "koe.v0"), ("new", "3.0.0", "koe.v2")):
        project = Project(tmp_path, f"koe-{name}", version, {group: {name: f"nowhere_{name}:Plugin"}})
        monkeypatch.syspath_prepend(tmp_path / name)
        project.lend(tmp_path / name)


@pytest.mark.usefixtures("_installed")
def test_plugins_for_another_api_are_listed_as_incompatible(capfd):
    code, out, _ = _koe(capfd, "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert [rows["old"][key] for key in ("state", "distribution", "version", "api")] == [
        "incompatible",
        "koe-old",
        "0.1.0",
        "koe.v0",
    ]
    assert (rows["new"]["state"], rows["new"]["api"]) == ("incompatible", "koe.v2")
    assert (rows["text"]["state"], rows["text"]["api"]) == ("active", "koe.v1")


@pytest.mark.usefixtures("_installed")
def test_the_table_shows_the_api(capfd):
    _, out, _ = _koe(capfd, "list")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["name", "state", "distribution", "version", "api"]
    assert ["old", "incompatible", "koe-old", "0.1.0", "koe.v0"] in lines


@pytest.mark.usefixtures("_installed")
def test_the_page_about_stability_shows_what_is_printed(capfd):
    page = (Path(__file__).parents[3] / "docs/plugins/stability.md").read_text(encoding="utf-8")
    _, out, err = _koe(capfd, "list", "--enable", "old")
    row = re.search(r"^old .*$", page, re.MULTILINE)
    said = re.search(r"^plugin 'old' .*$", page, re.MULTILINE)
    assert row is not None
    assert said is not None
    assert row[0].split() in [line.split() for line in out.splitlines()]
    assert said[0] in err


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("name", "built", "way_out"),
    [
        (
            "old",
            "'old' (koe-old 0.1.0) is built for the hook API 'koe.v0', this koe has 'koe.v1'",
            "for this koe",
        ),
        ("new", "'new' (koe-new 3.0.0) is built for the hook API 'koe.v2'", "or a koe that has 'koe.v2'"),
    ],
)
def test_enabling_one_is_refused_and_exits_with_2(capfd, name, built, way_out):
    for command in (("list", "--enable", name), ("show", name), ("check", name)):
        code, _, err = _koe(capfd, *command)
        assert code == 2, command
        assert f"lugin {built}" in err
        assert way_out in err


def test_a_plugin_shows_all_that_it_registers(capfd):
    rows = {}
    for name in ("formats", "metrics", "cache"):
        code, out, _ = _koe(capfd, "show", name, "--enable", name, "--json")
        assert code == 0
        rows[name] = {(row["kind"], row["component"]) for row in json.loads(out)}
    assert {("format", "wav"), ("format", "mp3")} < rows["formats"]
    assert {("middleware", "CountAnswers"), ("hook", "register_routes")} < rows["metrics"]
    assert {("cache backend", "memory")} <= rows["cache"]


def test_a_plugin_shows_its_commands(capfd):
    _, out, _ = _koe(capfd, "show", "auth", "--enable", "auth", "--set", 'plugins.auth.keys_file="keys.toml"')
    assert ["command", "auth"] in [line.split() for line in out.splitlines()]
