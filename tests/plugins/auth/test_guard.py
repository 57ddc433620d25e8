"""Who gets in, over HTTP/1.1, HTTP/2 and WebSockets."""

import json

import httpx
import openai
import pytest
from attrs import frozen
from koe.api import DescribedRoute, Plugin, hookimpl
from koe_auth.config import PUBLIC, AuthConfig
from koe_auth.keys import new_key
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.plugins.auth.build import BODY, SPEECH, KeyChain, bearer, guarded
from tests.server.harness import PATIENCE_S

STREAM = "/v1/audio/speech/stream"
KEYS = KeyChain(alice="speech", bob="detect", root="speech detect admin", nobody="")


@frozen
class Nothing:
    """An answer."""


async def whoami(request):
    return JSONResponse({"name": request.user.display_name, "scopes": list(request.auth.scopes)})


class RoutesPlugin(Plugin):
    """Routes that want something, and one that says nothing."""

    @hookimpl
    def register_routes(self, server):
        return [
            DescribedRoute(
                "/v1/operate", whoami, tag="t", summary="s", answer=Nothing, needs="admin", method="POST"
            ),
            DescribedRoute("/v1/look", whoami, tag="t", summary="s", answer=Nothing, needs="detect"),
            Route("/v1/whoami", whoami),
            Mount("/files", routes=[Route("/one", whoami)]),
        ]


@pytest.fixture(scope="module")
def server():
    with guarded(KEYS.config, RoutesPlugin()) as running:
        yield running


@pytest.fixture(scope="module", params=["1.1", "2"])
def client(server, request):
    version = {"http1": request.param == "1.1", "http2": request.param == "2"}
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S, **version) as client:
        yield client


def wrong_keys():
    key = KEYS["alice"]
    return {
        "unknown": new_key(),
        "truncated": key[:-1],
        "longer": key + "A",
        "without the prefix": key.removeprefix("koe_"),
        "other case": key.swapcase(),
        "the hash itself": KEYS.configs["alice"].hash.reveal(),
        "the digest": KEYS.configs["alice"].hash.digest.hex(),
        "two keys": f"{key} {key}",
        "not ASCII": "koe_é",
        "huge": "k" * 8000,
    }


class TestRefused:
    def test_a_request_without_a_key_is_told_which_header_to_send(self, client):
        answer = client.post(SPEECH, json=BODY)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-request-id"]
        assert answer.json() == {
            "error": {
                "message": "An API key is needed here; send it once, as `Authorization: Bearer koe_…`",
                "type": "invalid_request_error",
                "param": None,
                "code": "missing_api_key",
            }
        }

    @pytest.mark.parametrize("value", ["", "Bearer", "Basic YTpi", "koe_key"])
    def test_what_is_no_bearer_is_no_key(self, client, value):
        answer = client.post(SPEECH, json=BODY, headers={"authorization": value})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_api_key")

    @pytest.mark.parametrize("kind", wrong_keys())
    def test_a_wrong_key_is_refused(self, client, kind):
        header = [(b"authorization", b"Bearer " + wrong_keys()[kind].encode("latin-1"))]
        answer = client.post(SPEECH, json=BODY, headers=header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    def test_two_headers_are_refused_even_where_one_is_right(self, client):
        good, bad = bearer(KEYS["alice"]), bearer(new_key())
        for headers in ([*good.items(), *bad.items()], [*bad.items(), *good.items()]):
            assert client.post(SPEECH, json=BODY, headers=headers).status_code == 401

    @pytest.mark.parametrize("place", ["api_key", "key", "token", "authorization"])
    def test_a_key_in_the_address_does_not_count(self, client, place):
        assert client.post(SPEECH, params={place: KEYS["alice"]}, json=BODY).status_code == 401

    @pytest.mark.parametrize(
        ("name", "method", "path", "needed"),
        [
            ("bob", "POST", SPEECH, "speech"),
            ("bob", "POST", "/v1/text/inspect", "speech"),
            ("bob", "POST", "/v1/audio/dialogue", "speech"),
            ("bob", "POST", "/v1/audio/speech/phonemes", "speech"),
            ("bob", "GET", STREAM, "speech"),
            ("alice", "GET", "/v1/look", "detect"),
            ("alice", "POST", "/v1/operate", "admin"),
            ("nobody", "POST", SPEECH, "speech"),
        ],
    )
    def test_a_key_without_the_scope_is_told_which_one_it_lacks(self, client, name, method, path, needed):
        answer = client.request(method, path, json=BODY, headers=KEYS.header(name))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
        assert repr(needed) in answer.json()["error"]["message"]
        assert answer.headers["www-authenticate"].endswith(f'scope="{needed}"')


class TestLetIn:
    @pytest.mark.parametrize("name", ["alice", "root"])
    def test_a_key_with_the_scope_speaks(self, client, name):
        answer = client.post(SPEECH, json=BODY, headers=KEYS.header(name))
        assert answer.status_code == 200
        assert answer.content.startswith(b"RIFF")

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
    def test_the_scheme_is_read_as_http_reads_it(self, client, scheme):
        header = {"authorization": f"{scheme} {KEYS['alice']}"}
        assert client.post(SPEECH, json=BODY, headers=header).status_code == 200

    def test_routes_learn_whose_key_it_is(self, client):
        answer = client.get("/v1/whoami", headers=KEYS.header("root"))
        assert answer.json() == {"name": "root", "scopes": ["admin", "detect", "speech"]}

    @pytest.mark.parametrize("path", ["/v1/whoami", "/files/one", "/status"])
    def test_a_route_that_names_no_scope_wants_any_key(self, client, path):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=KEYS.header("nobody")).status_code == 200

    @pytest.mark.parametrize("path", [path for path in PUBLIC if "*" not in path])
    def test_listings_health_and_docs_are_open(self, client, path):
        path = path.replace("{id}", "tts-1")
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.get(path, headers=bearer(new_key())).status_code == 200

    def test_what_does_not_exist_says_so(self, client):
        assert client.get("/nowhere").json()["error"]["code"] == "not_found"
        assert client.put(SPEECH).json()["error"]["code"] == "method_not_allowed"

    def test_paths_that_are_public_elsewhere_are_closed_where_the_operator_says(self):
        config = AuthConfig(keys=KEYS.configs, public=("/health/*", "/v1/whoami"))
        with guarded(config, RoutesPlugin()) as server:
            statuses = {
                path: httpx.get(server.url + path).status_code
                for path in ("/v1/models", "/docs", "/health", "/health/live", "/v1/whoami", "/status")
            }
        assert statuses == {
            "/v1/models": 401,
            "/docs": 401,
            "/health": 401,
            "/health/live": 200,
            "/v1/whoami": 200,
            "/status": 401,
        }


class TestWebSocket:
    def refusal(self, server, headers):
        with pytest.raises(InvalidStatus) as refused:
            connect(server.url.replace("http", "ws") + STREAM, additional_headers=headers)
        return refused.value.response

    def test_a_session_without_a_key_is_refused_with_a_plain_answer(self, server):
        response = self.refusal(server, {})
        assert response.status_code == 401
        assert json.loads(response.body)["error"]["code"] == "missing_api_key"
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["x-request-id"]

    @pytest.mark.parametrize("kind", ["unknown", "truncated"])
    def test_a_session_with_a_wrong_key_is_refused(self, server, kind):
        response = self.refusal(server, bearer(wrong_keys()[kind]))
        assert (response.status_code, json.loads(response.body)["error"]["code"]) == (401, "invalid_api_key")

    def test_a_session_without_the_scope_is_refused(self, server):
        assert self.refusal(server, KEYS.header("bob")).status_code == 403

    def test_a_session_with_the_key_begins(self, server):
        with connect(server.url.replace("http", "ws") + STREAM, additional_headers=KEYS.header("alice")):
            pass


class TestOpenAiPython:
    def client(self, server, key):
        return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)

    def speak(self, client):
        return client.audio.speech.create(model="tts-1", voice="ann", input="hello", response_format="wav")

    def test_it_works_with_its_api_key(self, server):
        with self.client(server, KEYS["alice"]) as client:
            assert self.speak(client).content.startswith(b"RIFF")
            assert [model.id for model in client.models.list()]

    def test_its_errors_are_its_own(self, server):
        with self.client(server, new_key()) as client, pytest.raises(openai.AuthenticationError) as refused:
            self.speak(client)
        assert refused.value.code == "invalid_api_key"
        with self.client(server, KEYS["bob"]) as client, pytest.raises(openai.PermissionDeniedError):
            self.speak(client)


@pytest.fixture(scope="module")
def document(server):
    return httpx.get(f"{server.url}/openapi.json").json()


class TestOpenApi:
    def test_the_scheme_is_described(self, document):
        assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"

    def test_guarded_operations_ask_for_it_and_may_refuse(self, document):
        for path in (SPEECH, "/v1/text/inspect", "/v1/operate"):
            operation = document["paths"][path]["post"]
            assert operation["security"] == [{"ApiKey": []}]
            assert "`invalid_api_key`" in operation["responses"]["401"]["description"]
            assert "403" in operation["responses"]

    def test_public_operations_do_not(self, document):
        for path in ("/v1/models", "/health", "/v1/capabilities"):
            operation = document["paths"][path]["get"]
            assert "security" not in operation
            assert "401" not in operation["responses"]
