"""The README's commands and files exist."""

import re
import tomllib
from pathlib import Path

from koe.reference_cli import commands

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_linked_page_exists():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_koe_command_exists():
    written = re.findall(
        r"koe ([a-z]+)(?: ([a-z]+))?", "\n".join(re.findall(r"^\$ .*$", README, re.MULTILINE))
    )
    assert {"say", "serve", "model", "plugins", "voices"} <= {first for first, _ in written}
    known = {command.words[1:] for command in commands(ROOT)}
    assert [words for words in written if words not in known and words[:1] not in known] == []


def test_ci_runs_the_readme_s_test_command():
    assert re.search(r"^\$ python -m pytest -n logical$", README, re.MULTILINE)
    assert "README.md" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_every_plugin_of_the_table_is_a_built_in():
    table = dict(re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", README, re.MULTILINE))
    declared: dict[str, str] = {}
    for file in [ROOT / "core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        declared |= dict.fromkeys(project["entry-points"]["koe.v1"], project["name"])
    assert table == declared
