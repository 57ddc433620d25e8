"""`koe.testing.served` answers like a server, with the plugins that a test gives it."""

import pytest
from koe.api import DescribedRoute, InvalidRequestError, Plugin, guarded, hookimpl
from koe.errors import ConfigError
from koe.testing.served import served
from starlette.responses import JSONResponse
from starlette.routing import Route


async def _echo(request):
    body = await request.body()
    return JSONResponse(
        {"query": dict(request.query_params), "body": body.decode(), "x": request.headers["x"]}
    )


async def _refuses(_):
    raise InvalidRequestError("not like this", param="body")


class EchoPlugin(Plugin):
    @hookimpl
    def register_routes(self, server):
        return [
            DescribedRoute(
                "/v1/echo", _echo, method="POST", tag="echo", summary="Echo", answer=dict, needs="admin"
            ),
            guarded(Route("/refuses", _refuses), None),
        ]


class ClashingPlugin(Plugin):
    @hookimpl
    def register_routes(self, server):
        return [Route("/health", _echo)]


async def test_a_request_reaches_the_plugin_whole():
    async with served(EchoPlugin()) as server:
        answer = await server.request("POST", "/v1/echo?a=1&b=2", b"hello", {"X": "y"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"query": {"a": "1", "b": "2"}, "body": "hello", "x": "y"}


async def test_errors_are_answered_as_a_server_does():
    async with served(EchoPlugin()) as server:
        refused = await server.request("GET", "/refuses")
        missing = await server.request("GET", "/v1/nothing")
    assert (refused.status, refused.json()["error"]["param"]) == (400, "body")
    assert missing.status == 404


async def test_koe_s_own_routes_answer_beside_the_plugin_s():
    async with served(EchoPlugin()) as server:
        assert (await server.request("GET", "/v1/capabilities")).status == 200
        assert [getattr(route, "path", "") for route in server.routes] == ["/v1/echo", "/refuses"]


async def test_it_tells_which_keys_a_route_is_for():
    async with served(EchoPlugin()) as server:
        assert server.needs("/v1/echo") == "admin"
        assert server.needs("/refuses") is None


async def test_a_request_may_be_running_meanwhile():
    async with served() as server:
        async with server.speaking():
            running = (await server.request("GET", "/status")).json()["requests"]
        idle = (await server.request("GET", "/status")).json()["requests"]
    assert (running["running"], idle["running"]) == (1, 0)


async def test_two_routes_on_one_path_are_an_error():
    with pytest.raises(ConfigError, match="two routes answer GET /health"):
        async with served(ClashingPlugin()):
            pass
