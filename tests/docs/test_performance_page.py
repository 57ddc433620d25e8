"""docs/performance.md and the README show what the stored reports say, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.plots import PICTURES, draw
from benchmarks.report import CONDITIONS
from benchmarks.tables import CAPTIONS, TABLES, with_figures, with_tables

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/performance"
PAGE = (ROOT / "docs/performance.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def _report(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


MEASURED = sorted(file.stem for file in FOLDER.glob("*.json"))


def test_every_benchmark_has_a_table_a_picture_and_a_report():
    """`python -m benchmarks.all` makes all of them; a report alone would be of another day."""
    assert set(TABLES) == set(PICTURES) == set(CAPTIONS)
    assert sorted(file.stem for file in FOLDER.glob("*.png")) == MEASURED
    assert sorted(TABLES) == MEASURED


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_a_place_for_every_report(name):
    assert PAGE.count(f"<!-- {name} -->\n") == PAGE.count(f"<!-- /{name} -->\n") == 1


def test_the_page_shows_every_picture_once():
    assert sorted(re.findall(r"\]\(performance/(\w+)\.png\)", PAGE)) == MEASURED


@pytest.mark.parametrize("name", MEASURED)
def test_a_report_states_its_conditions(name):
    report = _report(name)
    assert [key for key in CONDITIONS if not report.get(key)] == []
    assert report["benchmark"] == name
    assert (
        "random weights" in report["variant"]
        or "embedded" in report["variant"]
        or "espeak" in report["variant"]
    )
    assert report["hardware"]["cpu"]
    assert report["hardware"]["cores"]


@pytest.mark.parametrize("name", MEASURED)
def test_every_number_of_a_table_is_defined(name):
    section = PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
    head = re.findall(r"^\|.*\|$(?=\n\| ---)", section, re.MULTILINE)
    used = set(re.findall(r"`(\w+)`", "\n".join(head)))
    counts = {"characters", "requests", "rtf"}
    assert used - counts <= set(_report(name)["definitions"])


def test_the_tables_are_those_of_the_reports():
    """`python -m benchmarks.plots --write` makes them anew."""
    assert with_tables(PAGE, FOLDER) == PAGE


def test_the_readme_s_figures_are_those_of_the_reports():
    assert with_figures(README, FOLDER) == README
    others = README.partition("<!-- figures -->")[0] + README.partition("<!-- /figures -->")[2]
    assert re.findall(r"\d[\d.,]* (?:ms|seconds of audio|answers a second)\b", others) == []


def test_no_report_tells_of_folders_of_the_machine_that_made_it():
    told = "".join(file.read_text("utf-8") for file in FOLDER.glob("*.json"))
    assert re.findall(r"(?:/tmp|/home|/root|/work)/\S*", told) == []


def test_the_pictures_are_drawn_of_the_reports_and_are_small(tmp_path):
    for file in FOLDER.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    drawn = draw(tmp_path)
    assert {file.stem for file in drawn} == set(MEASURED)
    for file in [*drawn, *FOLDER.glob("*.png")]:
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size < 60_000
