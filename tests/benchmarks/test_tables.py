"""Tables and the README's figures come from the reports; so do the pictures (`tests/docs`)."""

import json

from benchmarks.tables import TABLES, section, with_figures, with_tables
from tests.benchmarks.reports import write_reports


def test_a_section_shows_picture_conditions_numbers_and_definitions(tmp_path):
    write_reports(tmp_path)
    for name in TABLES:
        made = section(json.loads((tmp_path / f"{name}.json").read_text("utf-8")))
        for part in (
            f"(performance/{name}.png)",
            "A CPU, 2 cores",
            "Threads: 2",
            "Cache: none",
            "| ---",
            "- `rtf`",
        ):
            assert part in made, (name, part)


def test_only_what_stands_between_the_markers_is_replaced(tmp_path):
    write_reports(tmp_path)
    page = (
        "Before.\n<!-- memory -->\nold\n<!-- /memory -->\nBetween.\n<!-- other -->\nkept\n<!-- /other -->\n"
    )
    made = with_tables(page, tmp_path)
    assert "old" not in made
    assert made.startswith("Before.\n<!-- memory -->\n![")
    assert made.endswith("\n<!-- /memory -->\nBetween.\n<!-- other -->\nkept\n<!-- /other -->\n")
    assert with_tables(made, tmp_path) == made


def test_the_readme_tells_the_figures_of_the_optimized_model(tmp_path):
    write_reports(tmp_path)
    made = with_figures("A.\n<!-- figures -->\nnone yet\n<!-- /figures -->\nB.", tmp_path)
    for part in (
        "10.0 seconds of audio in a second",
        "after 120 ms",
        "1.9 s after the start",
        "500 MB resident",
    ):
        assert part in made
    assert made.startswith("A.\n")
    assert made.endswith("\nB.")


def test_without_all_reports_the_readme_stays_as_it_is(tmp_path):
    write_reports(tmp_path)
    (tmp_path / "memory.json").unlink()
    readme = "<!-- figures -->\nnone yet\n<!-- /figures -->"
    assert with_figures(readme, tmp_path) == readme
