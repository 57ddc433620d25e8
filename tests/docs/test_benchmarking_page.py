"""docs/benchmarking.md says what `koe bench` has."""

import inspect
import re
from pathlib import Path

from koe.bench.figures import DEFINITIONS
from koe.bench.texts import CACHED
from koe.bench.timeline import FORMATS
from koe.cli.bench import bench

PAGE = (Path(__file__).parents[2] / "docs/benchmarking.md").read_text(encoding="utf-8")
OPTIONS = "\n".join(re.findall(r"^\| `--.*", PAGE, re.MULTILINE))


def test_every_option_is_documented_and_there_are_no_others():
    documented = set(
        re.findall(r"`--([a-z-]+)`", "\n".join(re.findall(r"^\| ([^|]+) \|", OPTIONS, re.MULTILINE)))
    )
    names = {name.replace("_", "-") for name in inspect.signature(bench).parameters}
    assert documented == names | {"whole"}


def test_every_format_is_named():
    assert [name for name in FORMATS if f"`{name}`" not in OPTIONS] == []


def test_every_figure_of_the_report_is_defined_here():
    figures = set(DEFINITIONS) - {"clients", "percentiles", "cold", "cached", "refused", "ran_dry"}
    assert [name for name in figures if f"`{name}`" not in PAGE] == []


def test_the_number_of_cached_texts_is_right():
    assert f"the same {CACHED} texts" in PAGE
