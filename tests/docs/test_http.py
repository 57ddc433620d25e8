"""`docs/http.md` against the code."""

import json
import re
from pathlib import Path

import attrs
import pytest
from koe import errors
from koe.http import headers
from koe.http.app import build_app
from koe.http.openapi import openapi_path
from koe.http.speech_body import SpeechBody
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.server.fake_server import FakeBackend

TEXT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under one heading."""
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(title: str, column: int = 0) -> set[str]:
    """What a column of a section's table has between backticks."""
    rows = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row[column])}


def raised_errors() -> list[type[errors.KoeError]]:
    found: list[type[errors.KoeError]] = []
    waiting = [errors.KoeError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__ == "koe.errors"]


def test_every_path_is_listed_and_no_other():
    routes = [route for route in build_app(FakeBackend()).routes if isinstance(route, Route)]
    paths = {openapi_path(route.path) for route in routes if not route.path.startswith("/docs/")}
    assert first_cells("Endpoints", 1) == paths


def test_every_path_is_called_in_an_example():
    for path in first_cells("Endpoints", 1) - {"/v1", "/v1/", "/docs", "/openapi.json"}:
        called = path.replace("{id}", "kokoro")
        assert re.search(rf"curl .*http://127\.0\.0\.1:8354{re.escape(called)}['? \n]", TEXT), path


def test_every_field_is_listed_and_no_other():
    assert first_cells("Speech") == {field.name for field in attrs.fields(SpeechBody)}


def test_every_header_is_listed_and_no_other():
    groups = (headers.COMMON, headers.SPEECH, headers.RETRY, headers.METHODS)
    assert first_cells("Headers") == {name for group in groups for name in group}


def test_every_error_code_is_listed_and_no_other():
    assert first_cells("Errors", 1) == {kind.code for kind in raised_errors()}


def test_the_error_in_the_example_is_what_the_server_says():
    sent, said = re.findall(r"^(?:\$ curl .* --json '(.+)'|({\"error\".+))$", section("Errors"), re.MULTILINE)
    answer = TestClient(build_app(FakeBackend())).post("/v1/audio/speech", json=json.loads(sent[0]))
    assert answer.text == said[1]


@pytest.mark.parametrize("kind", raised_errors())
def test_codes_stand_beside_their_status(kind):
    assert f"| {kind.status} | `{kind.code}` |" in section("Errors")
