"""A project folder is read from its `pyproject.toml`, and mistakes are said with the file."""

import pytest
from koe.author.project import Project
from koe.errors import InvalidRequestError

PYPROJECT = """
[project]
name = "koe-words"
version = "0.3.0"
[project.entry-points."koe.v1"]
words = "koe_words:WordsPlugin"
[project.entry-points."koe.v2"]
words = "koe_words:NewWordsPlugin"
[project.entry-points."other"]
thing = "koe_words:Thing"
"""


def _project(folder, text):
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return Project.read(folder)


def test_its_plugins_are_those_of_koe_s_groups(tmp_path):
    project = _project(tmp_path, PYPROJECT)
    assert (project.name, project.version, project.plugins) == ("koe-words", "0.3.0", ["words"])
    assert set(project.entries) == {"koe.v1", "koe.v2"}


def test_it_is_lent_as_an_editable_installation(tmp_path):
    path = _project(tmp_path, PYPROJECT).lend(tmp_path / "site")
    assert path == [str(tmp_path / "site"), str(tmp_path), str(tmp_path / "src")]
    facts = tmp_path / "site" / "koe_words-0.3.0.dist-info"
    assert "Name: koe-words\nVersion: 0.3.0\n" in (facts / "METADATA").read_text(encoding="utf-8")
    assert "[koe.v1]\nwords = koe_words:WordsPlugin\n" in (facts / "entry_points.txt").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project", "is no TOML"),
        ("", "no plugin of koe is declared here"),
        ('[project]\nname = "x"', "no plugin of koe is declared here"),
        ('project = "x"', "no plugin of koe is declared here"),
        ('[project]\nname = "x"\n[project.entry-points.other]\na = "b"', "no plugin of koe is declared here"),
        ('[project]\nname = "x"\nentry-points = 3', "no plugin of koe is declared here"),
        (
            '[project]\nname = "x"\n[project.entry-points]\n"koe.v1" = "x"',
            "no plugin of koe is declared here",
        ),
        (PYPROJECT.replace('"0.3.0"', "0.3"), "a name and a version in quotes"),
        (PYPROJECT.replace('"koe-words"', "3"), "a name and a version in quotes"),
    ],
)
def test_a_folder_without_plugins_is_refused(tmp_path, text, said):
    with pytest.raises(InvalidRequestError, match=said) as refused:
        _project(tmp_path, text)
    assert str(tmp_path / "pyproject.toml") in refused.value.message


def test_a_folder_without_a_project_is_refused(tmp_path):
    with pytest.raises(InvalidRequestError, match="cannot be read: No such file"):
        Project.read(tmp_path)
