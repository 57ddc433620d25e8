"""docs/configuration.md lists every environment variable that koe reads for itself, and no other."""

import ast
import re

from tests.docs.collectors import ROOT, environment_variables, parsed, sources

PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_every_variable_is_listed_and_no_other():
    read = environment_variables(parsed(sources("koe/testing/", "koe/author/")))
    own = {name for name in read if name.startswith("KOE_WORKER_")}  # from the supervisor to its workers
    assert "KOE_MODEL_DIR" in read
    assert read - own == set(re.findall(r"^\| `(KOE_[A-Z_]+)` \|", PAGE, re.MULTILINE))


def test_a_planted_variable_is_found():
    assert environment_variables([ast.parse("a = environ['KOE_PLANTED_DIR']\nb = 'KOE_'")]) == {
        "KOE_PLANTED_DIR"
    }
