"""docs/http.md lists every path with its method, those of plugins too, and `/openapi.json` describes them."""

import re

import pytest
from koe.hooks import overrides
from koe.http.app import build_app
from koe.http.openapi import openapi_path
from koe.reference_plugins import built_ins
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient

from tests.docs.collectors import ROOT
from tests.server.fake_server import FakeBackend

PAGE = (ROOT / "docs/http.md").read_text(encoding="utf-8")
NOT_DESCRIBED = {
    ("GET", "/docs"): "the page that shows the document",
    ("GET", "/openapi.json"): "the document itself",
    ("GET", "/metrics"): "text for Prometheus, on a path that the operator chooses",
    ("GET", "/v1/audio/speech/stream"): "a WebSocket, for which OpenAPI has no words",
}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def operations(routes: list[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of every route, paths as OpenAPI writes them."""
    return {
        (method, openapi_path(route.path))
        for route in routes
        if isinstance(route, Route) and not route.path.startswith("/docs/")  # the files of the page
        for method in (route.methods or set()) - {"HEAD"}
    }


@pytest.fixture(scope="module")
def app():
    backend = FakeBackend()
    built = [
        one.plugin(one.plugin.Config()) if one.plugin.Config else one.plugin() for one in built_ins(ROOT)
    ]
    plugins = [plugin for plugin in built if overrides(plugin, "register_routes")]
    assert len(plugins) >= 3
    return build_app(
        backend, routes=[route for plugin in plugins for route in plugin.register_routes(backend)]
    )


def test_every_path_and_method_is_listed_and_no_other(app):
    tables = section("Endpoints") + section("Plugins")
    cells = re.findall(r"^\| ([A-Z]+) \| (`[^|]+`) \|", tables, re.MULTILINE)
    rows = [(method, path) for method, cell in cells for path in re.findall(r"`([^`]+)`", cell)]
    assert len(set(rows)) == len(rows)
    assert set(rows) == operations(app.routes)


def test_every_operation_is_in_the_openapi_document(app):
    paths = TestClient(app).get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, found in paths.items() for method in found}
    assert described == operations(app.routes) - NOT_DESCRIBED.keys()


def test_what_is_not_described_exists(app):
    assert NOT_DESCRIBED.keys() <= operations(app.routes)


def test_a_planted_route_is_found():
    planted = build_app(
        FakeBackend(), routes=[Route("/v1/planted/{id:path}", lambda _: None, methods=["PUT"])]
    )
    assert operations(planted.routes) - operations(build_app(FakeBackend()).routes) == {
        ("PUT", "/v1/planted/{id}")
    }
