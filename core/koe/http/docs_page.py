"""`/openapi.json`, and `/docs`: a page to read and try it, which never asks another host for anything."""

from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from koe.described import DescribedMiddleware, DescribedRoute
from koe.http.backend import Backend
from koe.http.endpoints import Endpoint
from koe.http.openapi import document

SWAGGER_UI_VERSION = "5.35.0"
"""Of the npm package `swagger-ui-dist`, whose files lie in `static/swagger`."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # Swagger UI sets style attributes
    "img-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; "  # what "Try it out" plays
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>koe: HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript; the document itself is <a href="openapi.json">here</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_FILES = {
    "swagger-ui.css": ("swagger/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("swagger/swagger-ui-bundle.js", "text/javascript"),
    "start.js": ("start.js", "text/javascript"),
}


class Docs:
    """The handlers. The document is made when it is first asked for: by then the backend has started."""

    def __init__(
        self,
        backend: Backend,
        endpoints: tuple[Endpoint, ...],
        described: tuple[DescribedRoute, ...] = (),
        around: tuple[DescribedMiddleware, ...] = (),
    ) -> None:
        self._backend = backend
        self._endpoints = endpoints
        self._described = described
        self._around = around

    def routes(self) -> list[Route]:
        """None where the configuration has `http.docs = false`."""
        if not self._backend.settings.http.docs:
            return []
        return [
            Route("/openapi.json", self.openapi),
            Route("/docs", self.page),
            *(Route(f"/docs/{name}", self.asset, name=name) for name in _FILES),
        ]

    async def openapi(self, _request: Request) -> Response:
        return Response(self._document, media_type="application/json")

    async def page(self, _request: Request) -> Response:
        headers = {
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return Response(_PAGE, headers=headers, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        path, media_type = _FILES[request.url.path.rpartition("/")[2]]
        data, tag = _load(path)
        headers = {"etag": tag, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(data, headers=headers, media_type=media_type)

    @cached_property
    def _document(self) -> bytes:
        return msgspec.json.encode(document(self._backend, self._endpoints, self._described, self._around))


@cache
def _load(path: str) -> tuple[bytes, str]:
    """A static file and its entity tag."""
    data = files("koe.http").joinpath("static", path).read_bytes()
    return data, f'"{sha256(data).hexdigest()[:32]}"'
