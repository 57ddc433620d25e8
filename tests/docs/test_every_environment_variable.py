"""Every environment variable that koe reads for itself stands in the docs."""

import ast

from tests.docs.collectors import ROOT, environment_variables, parsed, sources

PAGES = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))


def test_every_variable_is_documented():
    read = environment_variables(parsed(sources("koe/testing/", "koe/author/")))
    own = {name for name in read if name.startswith("KOE_WORKER_")}  # from the supervisor to its workers
    assert "KOE_MODEL_DIR" in read
    assert [name for name in sorted(read - own) if name not in PAGES] == []


def test_a_planted_variable_is_found():
    assert environment_variables([ast.parse("a = environ['KOE_PLANTED_DIR']\nb = 'KOE_'")]) == {
        "KOE_PLANTED_DIR"
    }
