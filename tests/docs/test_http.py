"""`docs/http.md` against the code."""

import json
import re
from pathlib import Path

import attrs
import pytest
from koe import errors
from koe.http import headers
from koe.http.app import build_app
from koe.http.captions import CAPTIONS, CaptionsView
from koe.http.dialogue import DialogueBody, TurnBody
from koe.http.events import MAX_DELTA_BYTES
from koe.http.ndjson import NDJSON
from koe.http.openapi import openapi_path
from koe.http.speech_body import AnswerOptions, SpeechBody
from koe.http.sse import SSE
from koe.inspection import MAX_CHARACTERS, InspectedPart, InspectedText, Inspection
from koe.requests import MAX_TURNS
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


def test_every_field_of_a_dialogue_is_listed_and_no_other():
    own = {field.name for field in attrs.fields(DialogueBody)} - {"language", "markup"}
    own -= {field.name for field in attrs.fields(AnswerOptions)}
    turn = {f"turns[].{field.name}" for field in attrs.fields(TurnBody)} - {"turns[].input"}
    assert first_cells("Dialogue") == own | turn
    assert f"up to {MAX_TURNS} turns" in section("Dialogue")


def test_the_keys_of_an_inspection_exist():
    keys = {key.split(".")[-1] for key in first_cells("Inspection")}
    classes = (Inspection, InspectedPart, InspectedText)
    assert keys <= {field.name for cls in classes for field in attrs.fields(cls)}
    assert f"up to {MAX_CHARACTERS} characters" in section("Inspection")


@pytest.mark.parametrize(("column", "framing"), [(0, SSE), (1, NDJSON)])
def test_every_event_is_listed_and_no_other(column, framing):
    assert first_cells("Events", column) - {"type"} == set(framing.names.values())
    assert framing.media_type in section("Events")
    assert str(MAX_DELTA_BYTES) in section("Events")


def test_every_caption_format_is_listed_with_its_type_and_no_other():
    assert first_cells("Captions") - {"response_format"} == set(CAPTIONS)
    assert first_cells("Captions", 1) == {one.media_type for one in CAPTIONS.values()}


def test_the_keys_of_json_captions_are_listed():
    assert {field.name for field in attrs.fields(CaptionsView)} <= set(
        re.findall(r"`(\w+)`", section("Captions"))
    )


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
