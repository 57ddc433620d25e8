"""What the routes of every plugin must do."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from starlette.routing import Mount, Route

from koe.access import KeyScope, needs_of
from koe.api import DescribedRoute, Plugin
from koe.testing.served import Served, served

_PARAMETER = re.compile(r"\{[^}]*\}")
_BODIES = (b"", b"{", b"[1, 2]", b'{"no": "such key"}', b"\x00\xff" * 500)
_SERVER_ERROR = 500


class RoutesConformance:
    """Subclass, and override `plugin` with a fixture that builds yours.

    The tests are coroutines: they need pytest-asyncio, with `asyncio_mode = "auto"`. Every route of one path
    and methods is called, on a server with a fake engine, with bodies that it does not expect.
    """

    @pytest.fixture
    def plugin(self) -> Plugin:
        """The plugin under test."""
        raise NotImplementedError("override the fixture `plugin`")

    async def test_it_registers_routes_beside_koe_s_own(self, plugin: Plugin) -> None:
        """Two routes on one path and method are an error already when the server is made."""
        async with served(plugin) as server:
            assert server.routes

    async def test_paths_begin_with_a_slash_and_do_not_end_with_one(self, plugin: Plugin) -> None:
        async with served(plugin) as server:
            paths = [getattr(route, "path", "") for route in server.routes if not isinstance(route, Mount)]
        wrong = [path for path in paths if not path.startswith("/") or path.endswith("/") != (path == "/")]
        assert wrong == []

    async def test_scopes_that_keys_need_are_koe_s(self, plugin: Plugin) -> None:
        async with served(plugin) as server:
            needed = {needs_of(route) for route in server.routes}
        assert needed <= {*get_args(KeyScope), None}

    async def test_described_routes_are_in_the_api_document(self, plugin: Plugin) -> None:
        async with served(plugin) as server:
            document = (await server.request("GET", "/openapi.json")).json()
            described = [route for route in server.routes if isinstance(route, DescribedRoute)]
        for route in described:
            operation = document["paths"][_PARAMETER.sub(_plain, route.path)][route.method.lower()]
            assert operation["summary"], route.path
            assert "200" in operation["responses"], route.path

    async def test_whatever_they_are_sent_they_answer_and_do_not_fail(self, plugin: Plugin) -> None:
        """Mistakes of the caller are 4xx; other errors are those that a described route names."""
        async with served(plugin) as server:
            for method, route in _callable(server):
                for body in _BODIES:
                    answer = await server.request(method, _PARAMETER.sub("x", route.path), body)
                    allowed = {error.status for error in getattr(route, "errors", ())} - {_SERVER_ERROR}
                    assert answer.status < _SERVER_ERROR or answer.status in allowed, (
                        f"{method} {route.path} answered {body[:20]!r} with {answer.status}: "
                        f"{answer.body[:500]!r}"
                    )

    async def test_errors_have_koe_s_envelope(self, plugin: Plugin) -> None:
        async with served(plugin) as server:
            for method, route in _callable(server):
                answer = await server.request(method, _PARAMETER.sub("x", route.path), b"{")
                if answer.status >= 400 and isinstance(route, DescribedRoute):
                    assert set(answer.json()["error"]) >= {"message", "code", "type"}, route.path


def _plain(parameter: re.Match[str]) -> str:
    """`{name:path}` as OpenAPI writes it."""
    return parameter[0].partition(":")[0].rstrip("}") + "}"


def _callable(server: Served) -> Iterator[tuple[str, Route]]:
    for route in server.routes:
        if isinstance(route, Route):
            for method in sorted(route.methods or {"GET"}):
                yield method, route
