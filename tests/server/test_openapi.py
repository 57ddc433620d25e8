from http import HTTPStatus
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from koe.errors import InvalidRequestError
from koe.http import headers
from koe.http.app import build_app, core_endpoints
from koe.http.openapi import document, openapi_path
from koe.http.speech import ERRORS, parse_body
from koe.http.speech_body import SpeechBody
from koe.settings import HttpSettings, LimitsSettings, Settings
from openapi_spec_validator import validate
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from tests.server.fake_server import FORMATS, FakeBackend

SPEECH = "/v1/audio/speech"
JSON_PATHS = [
    openapi_path(one.path).replace("{id}", "tts-1")
    for one in core_endpoints(FakeBackend())
    if one.method == "GET"
]


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    found: dict[str, Any] = TestClient(build_app(FakeBackend())).get("/openapi.json").json()
    return found


def speech_schema(openapi: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = openapi["components"]["schemas"]["SpeechBody"]
    return found


def resolved(openapi: dict[str, Any]) -> dict[str, Any]:
    """The body's schema with the components that it refers to."""
    return {**speech_schema(openapi), "components": openapi["components"]}


def accepted_by_schema(openapi: dict[str, Any], body: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(resolved(openapi)).is_valid(body))


def accepted_by_server(body: dict[str, Any]) -> bool:
    try:
        parse_body(body, SpeechBody)
    except InvalidRequestError:
        return False
    return True


def limits() -> list[tuple[str, dict[str, Any]]]:
    """Every field of the speech body that the document gives limits for, one entry per limited type."""
    schema = speech_schema(document(FakeBackend(), core_endpoints(FakeBackend())))
    return [
        (name, part)
        for name, field in schema["properties"].items()
        for part in [field, *field.get("anyOf", ())]
        if {"minimum", "maximum", "maxLength"} & set(part) and name != "input"
    ]


def test_the_document_is_valid_openapi(openapi):
    assert openapi["openapi"] == "3.1.0"
    validate(openapi)


def test_it_describes_every_route_and_method(openapi):
    backend = FakeBackend()
    undescribed = {"/openapi.json", "/docs", "/v1/audio/speech/stream"}  # OpenAPI has no WebSockets
    for route in build_app(backend).routes:
        assert isinstance(route, Route | WebSocketRoute)
        if isinstance(route, Route) and route.path not in undescribed and not route.path.startswith("/docs/"):
            described = openapi["paths"][openapi_path(route.path)]
            assert {method.lower() for method in route.methods or ()} - {"head"} == set(described)


def test_operation_ids_are_unique(openapi):
    ids = [operation["operationId"] for path in openapi["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_every_answer_is_described_with_the_request_id(openapi):
    for path in openapi["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                assert headers.REQUEST_ID in response["headers"]


class TestSpeech:
    def test_the_types_are_those_of_the_registered_formats_the_captions_and_the_events(self, openapi):
        content = openapi["paths"][SPEECH]["post"]["responses"]["200"]["content"]
        audio = {one.media_type for one in FORMATS.values()}
        captions = {"application/x-subrip", "text/vtt", "application/json"}
        assert set(content) == audio | captions | {"text/event-stream", "application/x-ndjson"}

    def test_its_headers_are_described(self, openapi):
        described = openapi["paths"][SPEECH]["post"]["responses"]["200"]["headers"]
        assert set(described) == {*headers.COMMON, *headers.SPEECH}

    @pytest.mark.parametrize("error", ERRORS)
    def test_every_refusal_is_described_under_its_status(self, openapi, error):
        response = openapi["paths"][SPEECH]["post"]["responses"][str(error.status)]
        assert f"`{error.code}`" in response["description"]
        assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
        assert (headers.RETRY_AFTER in response["headers"]) == (
            error.status == HTTPStatus.SERVICE_UNAVAILABLE
        )

    def test_formats_defaults_and_limits_are_those_of_the_deployment(self):
        settings = Settings(
            http=HttpSettings(response_format="wav"), limits=LimitsSettings(max_characters=99)
        )
        backend = FakeBackend(settings=settings)
        properties = speech_schema(document(backend, core_endpoints(backend)))["properties"]
        assert properties["response_format"]["default"] == "wav"
        assert properties["response_format"]["anyOf"][0]["enum"] == [
            "mp3",
            "wav",
            "pcm",
            "srt",
            "vtt",
            "json",
        ]
        assert properties["markup"]["anyOf"][0]["enum"] == ["text"]
        assert properties["input"]["maxLength"] == 99

    def test_every_field_is_described(self, openapi):
        for name, field in speech_schema(openapi)["properties"].items():
            assert field["description"], name

    def test_the_example_is_accepted_by_schema_and_server(self, openapi):
        example = openapi["paths"][SPEECH]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert accepted_by_schema(openapi, example)
        assert TestClient(build_app(FakeBackend())).post(SPEECH, json=example).status_code == 200


class TestAgreement:
    """What the document says about the speech body is what the server does."""

    def test_the_numeric_fields_are_all_limited(self):
        assert {name for name, part in limits() if "minimum" in part} == {
            "speed",
            "volume_db",
            "sample_rate",
            "bitrate",
        }

    @pytest.mark.parametrize(("name", "part"), limits(), ids=[name for name, _ in limits()])
    def test_a_value_at_the_limit_is_accepted_and_one_beyond_refused(self, openapi, name, part):
        if "maxLength" in part:
            inside, outside = ["x" * part["maxLength"]], ["x" * (part["maxLength"] + 1)]
        else:
            step = 1 if part["type"] == "integer" else 1e-9
            inside = [part["minimum"], part["maximum"]]
            outside = [part["minimum"] - step, part["maximum"] + step]
        for value in inside:
            assert accepted_by_schema(openapi, {"input": "Hi", name: value})
            assert accepted_by_server({"input": "Hi", name: value})
        for value in outside:
            assert not accepted_by_schema(openapi, {"input": "Hi", name: value})
            assert not accepted_by_server({"input": "Hi", name: value})

    @pytest.mark.parametrize(
        "value", [None, "text", "", 1, 1.5, True, [], {}, {"id": "af_heart"}, {"id": 1}, {"id": "x", "y": 1}]
    )
    @pytest.mark.parametrize(
        "name",
        [
            *("voice", "model", "instructions", "language", "speed", "stream", "stream_format", "bitrate"),
            *("timestamps", "voice_aliases"),
        ],
    )
    def test_they_take_and_refuse_the_same_values(self, openapi, name, value):
        body = {"input": "Hi", name: value}
        assert accepted_by_schema(openapi, body) == accepted_by_server(body)

    @pytest.mark.parametrize("text", ["Hi", "", " \n", 5, None])
    def test_they_take_and_refuse_the_same_texts(self, openapi, text):
        answer = TestClient(build_app(FakeBackend())).post(SPEECH, json={"input": text})
        assert accepted_by_schema(openapi, {"input": text}) == (answer.status_code == 200)

    def test_input_alone_is_required(self, openapi):
        assert speech_schema(openapi)["required"] == ["input"]
        assert accepted_by_server({"input": "Hi"})


@pytest.mark.parametrize("path", JSON_PATHS)
def test_every_json_answer_matches_its_schema(openapi, path):
    described = openapi["paths"][path.replace("tts-1", "{id}")]["get"]["responses"]["200"]["content"]
    schema = {**described["application/json"]["schema"], "components": openapi["components"]}
    answer = TestClient(build_app(FakeBackend())).get(path).json()
    jsonschema.validate(answer, schema, jsonschema.Draft202012Validator)


def test_every_error_matches_its_schema(openapi):
    schema = {"$ref": "#/components/schemas/ErrorBody", "components": openapi["components"]}
    for answer in (
        TestClient(build_app(FakeBackend())).get("/nowhere"),
        TestClient(build_app(FakeBackend())).post(SPEECH, json={}),
    ):
        jsonschema.validate(answer.json(), schema, jsonschema.Draft202012Validator)
