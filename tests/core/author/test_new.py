"""`koe plugins new` writes distributions, and says what it will not write."""

import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hatchling.build import build_wheel
from koe.author import writing
from koe.author.kinds import KINDS
from koe.author.names import LONGEST, PluginName
from koe.author.writing import write_plugin
from koe.cli.main import main
from koe.errors import ConfigError, InvalidRequestError
from packaging.requirements import Requirement


def _new(capfd, *arguments):
    code = main(["plugins", "new", *map(str, arguments)])
    captured = capfd.readouterr()
    return code, captured.out, " ".join(captured.err.split())


def test_names_become_those_of_distribution_package_and_classes():
    name = PluginName.of("my-2nd-words")
    assert (name.distribution, name.package, name.classes) == (
        "koe-my-2nd-words",
        "koe_my_2nd_words",
        "My2ndWords",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "lower-case letters"),
        ("Words", "lower-case letters"),
        ("my_words", "lower-case letters"),
        ("2words", "a letter first"),
        ("my--words", "single hyphens"),
        ("words-", "single hyphens"),
        ("../words", "lower-case letters"),
        ("wörds", "lower-case letters"),
        ("words\n", "lower-case letters"),
        ("w" * (LONGEST + 1), f"at most {LONGEST}"),
        ("koe-words", "leave the prefix out: words"),
        ("enabled", "means something else"),
        ("auto", "means something else"),
    ],
)
def test_bad_names_are_refused_with_what_a_name_may_be(given, said):
    with pytest.raises(InvalidRequestError, match=said):
        PluginName.of(given)


def test_the_command_writes_a_folder_and_says_how_to_go_on(capfd, tmp_path):
    code, out, _ = _new(capfd, "words", "--kind", "normalizer", "--directory", tmp_path)
    assert code == 0
    folder = tmp_path / "koe-words"
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    listed = out.split("\n\n")[0].split("\n  ")
    assert listed[0] == f"{folder}:"
    assert set(listed[1:]) == written
    assert {"pyproject.toml", "README.md", "koe.toml", "koe_words/py.typed"} < written
    assert f"cd {folder}" in out
    assert "koe plugins check ." in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Words", "--kind", "format"), "lower-case letters"),
        (("words", "--kind", "fromat"), "did you mean 'format'?"),
        (("words", "--kind", "toaster"), ", ".join(map(repr, KINDS))),
        (("words", "--kind", "format", "--directory", "missing"), "missing/koe-words cannot be written"),
        (("formats", "--kind", "format"), "plugin 'formats' is installed here already"),
        (("server-x", "--kind", "format", "--directory", "file"), "file/koe-server-x cannot be written"),
        (("limits", "--kind", "format"), "distribution 'koe-limits' is installed here already"),
        (("wav", "--kind", "format"), "plugin 'formats' with the format 'wav' is installed here already"),
    ],
)
def test_what_cannot_be_written_exits_with_2(capfd, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    code, out, err = _new(capfd, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_another_kind_may_be_called_like_a_component_that_is_there(tmp_path):
    folder, _ = write_plugin(PluginName.of("wav"), "normalizer", tmp_path)
    assert folder.name == "koe-wav"


def test_what_is_broken_here_keeps_nobody_from_writing_a_plugin(tmp_path, monkeypatch):
    def broken(_):
        raise ConfigError(["plugin 'formats' cannot be imported"])

    monkeypatch.setattr(writing, "load", broken)
    folder, _ = write_plugin(PluginName.of("wav"), "format", tmp_path)
    assert folder.name == "koe-wav"


def test_a_folder_that_exists_is_never_touched(capfd, tmp_path):
    (tmp_path / "koe-words").mkdir()
    code, _, err = _new(capfd, "words", "--kind", "cache", "--directory", tmp_path)
    assert code == 2
    assert "exists already, and nothing is ever overwritten" in err
    assert list((tmp_path / "koe-words").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_everything_that_a_distribution_needs(tmp_path, kind):
    folder, paths = write_plugin(PluginName.of("words"), kind, tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["koe.v1"] == {"words": "koe_words:WordsPlugin"}
    assert "koe>=0.1,<0.2" in project["project"]["dependencies"]
    assert project["tool"]["mypy"]["strict"] is True
    readme = (folder / "README.md").read_text(encoding="utf-8")
    config = (folder / "koe.toml").read_text(encoding="utf-8")
    assert config in readme
    assert '"words"]' in config
    assert 'pip install -e ".[test]"' in readme
    assert {"tests/test_koe_words.py", "koe_words/__init__.py", ".gitignore"} <= set(map(str, paths))
    assert not any("$" in (folder / path).read_text(encoding="utf-8").replace("$ ", "") for path in paths)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_new_plugin_requires_is_there_with_koe(tmp_path, kind):
    folder, _ = write_plugin(PluginName.of("words"), kind, tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    for requirement in map(Requirement, required):
        found = distribution(requirement.name)
        assert requirement.specifier.contains(found.version), requirement
        assert requirement.extras <= set(found.metadata.get_all("Provides-Extra", ())), requirement


def test_the_templates_are_in_the_wheel(tmp_path, monkeypatch):
    core = Path(__file__).parents[3] / "core"
    monkeypatch.chdir(core)
    wheel = zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path)))
    templates = {str(path.relative_to(core)) for path in core.glob("koe/author/templates/**/*.txt")}
    assert len(templates) > 8 * len(("config", "component", "plugin", "test"))
    assert templates <= set(wheel.namelist())
