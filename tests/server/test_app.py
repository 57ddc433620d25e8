import re

import pytest
from koe.errors import (
    CancelledByCallerError,
    ConfigError,
    DrainingError,
    EngineUnavailableError,
    KoeError,
    ModelFileError,
    OverloadedError,
    StageError,
    UnknownVoiceError,
)
from koe.http.app import build_app
from openapi_spec_validator import validate
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.server.fake_server import FakeBackend

SPEECH = "/v1/audio/speech"


def client(backend: FakeBackend | None = None, **parts) -> TestClient:
    return TestClient(build_app(backend or FakeBackend(), **parts), raise_server_exceptions=False)


def refused_with(error: Exception):
    return client(FakeBackend(refusal=error)).post(SPEECH, json={"input": "Hello"})


async def _hello(_request: Request) -> JSONResponse:
    return JSONResponse({"hello": "there"})


async def _teapot(_request: Request) -> JSONResponse:
    raise HTTPException(418, "Short and stout", headers={"x-tea": "green"})


async def _broken(_request: Request) -> JSONResponse:
    raise RuntimeError("broken")


async def _moved(_request: Request) -> JSONResponse:
    raise HTTPException(307, headers={"location": "/hello"})


class Bouncer:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/private":
            raise HTTPException(401, "Show your key")
        await self.app(scope, receive, send)


class BrokenMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret of the middleware")


class StatusRecorder:
    """Notes the status that passes through it, as a metrics middleware would."""

    seen: list[int] = []  # noqa: RUF012 - one list for all instances is the point

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def recorded(message):
            if message["type"] == "http.response.start":
                self.seen.append(message["status"])
            await send(message)

        await self.app(scope, receive, recorded)


class TestWrongPlaces:
    @pytest.mark.parametrize(
        ("path", "near"),
        [
            ("/audio/speech", "/v1/audio/speech"),
            ("/v1/audio/speech/", "/v1/audio/speech"),
            ("/v1/v1/audio/speech", "/v1/audio/speech"),
            ("/v1/audio/speach", "/v1/audio/speech"),
            ("/api/v1/models", "/v1/models"),
            ("/healthz", "/health"),
        ],
    )
    def test_an_unknown_path_is_answered_with_the_paths_near_it(self, path, near):
        answer = client().post(path, json={})
        error = answer.json()["error"]
        assert answer.status_code == 404
        assert error["code"] == "not_found"
        assert error["type"] == "invalid_request_error"
        assert error["message"].startswith(f"No such path: {path}. Did you mean ")
        assert near in re.split(r"[ ?]", error["message"])
        assert "/docs" in error["message"]

    def test_an_unknown_path_far_from_all_others_gets_no_guess(self):
        assert "Did you mean" not in client().get("/qqqqqqqqqqqqqqqqqq").json()["error"]["message"]

    def test_a_very_long_path_is_shown_cut(self):
        message = client().get("/" + "x" * 5000).json()["error"]["message"]
        assert len(message) < 400

    def test_a_wrong_method_is_answered_with_the_right_ones(self):
        answer = client().get(SPEECH)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert answer.json()["error"] == {
            "message": "/v1/audio/speech does not answer GET; it answers POST",
            "type": "invalid_request_error",
            "param": None,
            "code": "method_not_allowed",
        }

    def test_allow_names_the_methods_of_all_routes_on_the_path(self):
        app = client(routes=[Route(SPEECH, _hello, methods=["PUT"])])
        assert app.delete(SPEECH).headers["allow"] == "POST, PUT"

    def test_an_unknown_websocket_path_is_refused(self):
        with pytest.raises(WebSocketDisconnect), client().websocket_connect("/nowhere"):
            pass


class TestRequestIds:
    def test_a_valid_id_of_the_client_is_kept(self):
        answer = client().get("/health", headers={"x-request-id": "abc-123.DEF:4/5=6"})
        assert answer.headers["x-request-id"] == "abc-123.DEF:4/5=6"

    @pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "é".encode(), b"semi;colon"])
    def test_an_unfit_id_is_replaced(self, sent):
        answer = client().get("/health", headers={"x-request-id": sent})
        assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])

    def test_ids_differ(self):
        http = client()
        assert http.get("/").headers["x-request-id"] != http.get("/").headers["x-request-id"]

    @pytest.mark.parametrize("path", ["/", "/nowhere", SPEECH, "/docs", "/openapi.json", "/health/ready"])
    def test_every_answer_has_one_id(self, path):
        assert len(client().get(path).headers.get_list("x-request-id")) == 1

    def test_the_engine_room_and_the_log_know_the_id(self):
        backend = FakeBackend()
        with capture_logs(processors=[merge_contextvars]) as logs:
            client(backend).post(SPEECH, json={"input": "Hi"}, headers={"x-request-id": "mine"})
            client(FakeBackend(refusal=UnknownVoiceError("no"))).post(
                SPEECH, json={"input": "Hi"}, headers={"x-request-id": "mine"}
            )
        assert backend.last.request.request_id == "mine"
        assert [entry["request_id"] for entry in logs if entry["event"] == "request_refused"] == ["mine"]


class TestErrors:
    def test_a_refusal_names_field_and_code(self):
        answer = refused_with(UnknownVoiceError("No voice 'x'", param="voice"))
        assert answer.status_code == 400
        assert answer.json() == {
            "error": {
                "message": "No voice 'x'",
                "type": "invalid_request_error",
                "param": "voice",
                "code": "voice_not_found",
            }
        }

    def test_an_unforeseen_error_is_logged_and_says_nothing_of_itself(self):
        with capture_logs() as logs:
            answer = refused_with(RuntimeError("secret /etc/passwd"))
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert answer.json()["error"]["type"] == "server_error"
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
        [failure] = [entry for entry in logs if entry["event"] == "request_failed"]
        assert str(failure["exc_info"]) == "secret /etc/passwd"
        assert failure["log_level"] == "error"

    def test_a_failed_stage_is_named_without_its_cause(self):
        answer = refused_with(StageError("infer", "kokoro", "kokoro", OSError("secret")))
        error = answer.json()["error"]
        assert answer.status_code == 500
        assert error["code"] == "stage_failed"
        assert "infer stage failed in component 'kokoro' of plugin 'kokoro'" in error["message"]
        assert "secret" not in answer.text

    def test_work_that_was_cancelled_under_a_waiting_client_says_so(self):
        answer = refused_with(CancelledByCallerError("The work was cancelled"))
        assert (answer.status_code, answer.json()["error"]["code"]) == (499, "cancelled")

    @pytest.mark.parametrize("error", [ModelFileError("/secret/model.onnx"), KoeError("secret")])
    def test_other_server_errors_keep_their_code_but_not_their_words(self, error):
        answer = refused_with(error)
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == error.code
        assert "secret" not in answer.text

    @pytest.mark.parametrize(
        ("error", "seconds", "milliseconds"),
        [
            (OverloadedError("full"), "1", "1000"),
            (OverloadedError("full", retry_after_s=0.0), "1", "1"),
            (OverloadedError("full", retry_after_s=2.2004), "3", "2201"),
            (DrainingError("bye", retry_after_s=5.0), "5", "5000"),
            (EngineUnavailableError("get the files"), "30", "30000"),
        ],
    )
    def test_503_says_when_to_come_back(self, error, seconds, milliseconds):
        answer = refused_with(error)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == seconds
        assert answer.headers["retry-after-ms"] == milliseconds
        assert answer.json()["error"]["message"] == error.message


class TestPluginParts:
    def test_routes_are_served(self):
        assert client(routes=[Route("/hello", _hello)]).get("/hello").json() == {"hello": "there"}

    def test_their_http_exceptions_keep_status_words_and_headers_inside_the_envelope(self):
        answer = client(routes=[Route("/tea", _teapot)]).get("/tea")
        assert answer.status_code == 418
        assert answer.headers["x-tea"] == "green"
        assert answer.json()["error"]["message"] == "Short and stout"
        assert answer.json()["error"]["code"] == "im_a_teapot"

    def test_middleware_sees_the_answer_to_an_error(self):
        StatusRecorder.seen.clear()
        app = client(FakeBackend(refusal=RuntimeError("x")), middleware=[Middleware(StatusRecorder)])
        app.post(SPEECH, json={"input": "Hi"})
        app.get("/nowhere")
        assert StatusRecorder.seen == [500, 404]

    def test_broken_middleware_is_answered_with_the_envelope_and_an_id(self):
        answer = client(middleware=[Middleware(BrokenMiddleware)]).get("/health")
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert "secret" not in answer.text
        assert "x-request-id" in answer.headers

    def test_their_redirects_and_refusing_middleware_are_respected(self):
        app = client(routes=[Route("/moved", _moved)], middleware=[Middleware(Bouncer)])
        moved = app.get("/moved", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"], moved.content) == (307, "/hello", b"")
        refused = app.get("/private")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")

    @pytest.mark.parametrize(("path", "status"), [("/hello", 200), ("/private", 401), ("/broken", 500)])
    def test_middleware_sees_what_those_further_in_are_answered_with(self, path, status):
        StatusRecorder.seen = []
        routes = [Route("/hello", _hello), Route("/broken", _broken)]
        app = client(routes=routes, middleware=[Middleware(StatusRecorder), Middleware(Bouncer)])
        assert app.get(path).status_code == status
        assert StatusRecorder.seen == [status]

    def test_two_routes_on_one_path_and_method_are_a_config_error(self):
        with pytest.raises(ConfigError, match="two routes answer GET /health"):
            client(routes=[Route("/health", _hello)])

    def test_one_path_may_have_several_methods(self):
        app = client(routes=[Route("/hello", _hello), Route("/hello", _hello, methods=["POST"])])
        assert app.post("/hello").status_code == app.get("/hello").status_code == 200

    def test_the_document_stays_valid(self):
        validate(client(routes=[Route("/hello", _hello)]).get("/openapi.json").json())
