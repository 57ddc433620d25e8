"""Every error code stands in the docs, with its status where it can be answered over HTTP."""

import ast
import re

import pytest

from tests.docs.collectors import ROOT, Code, error_codes, parsed, sources

HTTP = (ROOT / "docs/http.md").read_text(encoding="utf-8")
WYOMING = (ROOT / "docs/integrations/home-assistant.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
CODES = error_codes(parsed(sources()))
ROWS = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", HTTP, re.MULTILINE))
OVER_WYOMING = {"bad_event", "idle_timeout"}
NEVER_ANSWERED = {
    *("address_unavailable", "shared_folder", "worker_start", "grammar_build_failed"),
    *("server_refused", "bench_failed", "client_gone"),
}
"""They end a process or a command, or have nobody who could read them."""


def test_every_code_is_a_row_with_its_status_and_there_are_no_others():
    answered = {code for code in CODES if code.code not in OVER_WYOMING | NEVER_ANSWERED}
    assert {(str(code.status), code.code) for code in answered} == ROWS


@pytest.mark.parametrize(
    ("codes", "page"),
    [(OVER_WYOMING, WYOMING), (NEVER_ANSWERED, OPERATIONS)],
    ids=["wyoming", "operations"],
)
def test_the_codes_that_are_not_answered_over_http_stand_where_they_belong(codes, page):
    assert codes <= {code.code for code in CODES}
    assert [code for code in codes if f"`{code}`" not in page] == []


def test_every_type_is_named():
    (line,) = re.findall(r"^`type` is .*$", HTTP, re.MULTILINE)
    assert set(re.findall(r"`(\w+_error)`", line)) == {code.type for code in CODES}


def test_a_planted_code_is_found_with_what_it_inherits():
    planted = ast.parse(
        "class KoeError(Exception):\n"
        "    status: ClassVar[int] = 500\n    code = 'internal_error'\n    type = 'server_error'\n"
        "class BusyError(koe.errors.KoeError):\n    status = 503\n"
        "class PlantedError(BusyError, Exception):\n    code = 'planted'\n"
        "class Unrelated(Exception):\n    code = 'unrelated'\n"
    )
    assert error_codes([planted]) == {
        Code("internal_error", 500, "server_error"),
        Code("internal_error", 503, "server_error"),
        Code("planted", 503, "server_error"),
    }
