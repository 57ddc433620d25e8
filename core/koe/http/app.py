"""The HTTP application: every route, inside the middleware that all of them share."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import chain
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from koe.access import Access, needs_of, offer_access
from koe.described import DescribedMiddleware, DescribedRoute
from koe.errors import ConfigError, MethodNotAllowedError, NotFoundError
from koe.http import dialogue, info, inspect, phonemes, speech, stream_socket
from koe.http.backend import Backend
from koe.http.docs_page import Docs
from koe.http.endpoints import Endpoint
from koe.http.errors import error_response
from koe.http.forwarding import ForwardingMiddleware
from koe.http.headers import ALLOW
from koe.http.middleware import ErrorMiddleware, RequestIdMiddleware, request_id
from koe.http.openapi import openapi_path

_SHOWN_PATH = 200


def core_endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    """The endpoints that every koe has."""
    return (
        *speech.endpoints(backend),
        *dialogue.endpoints(backend),
        *phonemes.endpoints(backend),
        *inspect.endpoints(backend),
        *info.endpoints(backend),
    )


def build_app(
    backend: Backend, *, routes: Sequence[BaseRoute] = (), middleware: Sequence[Middleware] = ()
) -> Starlette:
    """The application around `backend`, which need not have started yet.

    Args:
        backend: the engine room.
        routes: the plugins' routes; they come after koe's own.
        middleware: the plugins' middleware, outermost first. An error of theirs is answered with the
            envelope too, and what they see of an error further in, a route's or another middleware's, is
            that answer.

    Raises:
        ConfigError: two routes answer one path and method.
    """
    endpoints = core_endpoints(backend)
    described = tuple(route for route in routes if isinstance(route, DescribedRoute))
    around = tuple(one for one in middleware if isinstance(one, DescribedMiddleware))
    every_route: list[BaseRoute] = [
        *(endpoint.route() for endpoint in endpoints),
        *stream_socket.routes(backend),
        *Docs(backend, endpoints, described, around).routes(),
        *routes,
    ]
    _refuse_doubles(every_route)
    app = Starlette(
        routes=every_route,
        middleware=[
            Middleware(ForwardingMiddleware, settings=backend.settings.server),
            Middleware(_AccessMiddleware, routes=every_route),
            Middleware(RequestIdMiddleware),
            Middleware(ErrorMiddleware),
            *chain.from_iterable((one, Middleware(ErrorMiddleware)) for one in middleware),
        ],
        exception_handlers={HTTPException: partial(_http_exception, every_route)},
    )
    app.router.redirect_slashes = False
    app.router.default = partial(_not_found, every_route)
    return app


class _AccessMiddleware:
    """Lets the plugins' middleware ask what the request's route needs (see `koe.access`)."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            offer_access(scope, partial(self._find, scope))
        await self.app(scope, receive, send)

    def _find(self, scope: Scope) -> Access | None:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return Access(_path(route), needs_of(route))
        return None


def _refuse_doubles(routes: Iterable[BaseRoute]) -> None:
    seen: set[tuple[str, str]] = set()
    problems = []
    for route in routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            place = (getattr(route, "path", ""), method)
            if place in seen and method != "HEAD":
                problems.append(f"two routes answer {method} {place[0]}; disable one of the plugins")
            seen.add(place)
    if problems:
        raise ConfigError(problems)


async def _not_found(routes: Sequence[BaseRoute], scope: Scope, receive: Receive, send: Send) -> None:
    """What the router calls when no route matches."""
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    raise NotFoundError(f"No such path: {_shown(scope['path'])}. {_way_out(routes, scope['path'])}")


async def _http_exception(routes: Sequence[BaseRoute], request: Request, error: Exception) -> Response:
    """The envelope for what Starlette and the plugins' routes raise."""
    identifier = request_id(request.scope)
    if not isinstance(error, HTTPException) or error.status_code != MethodNotAllowedError.status:
        return error_response(error, identifier)
    allowed = ", ".join(_allowed(routes, request.scope, error))
    path = _shown(request.url.path)
    response = error_response(
        MethodNotAllowedError(f"{path} does not answer {request.method}; it answers {allowed}"), identifier
    )
    response.headers[ALLOW] = allowed
    return response


def _allowed(routes: Sequence[BaseRoute], scope: Scope, error: HTTPException) -> list[str]:
    """The methods of all routes on the path: Starlette itself names those of the first."""
    methods = {name.strip() for name in (error.headers or {}).get("Allow", "").split(",") if name.strip()}
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    return sorted(methods)


def _way_out(routes: Sequence[BaseRoute], path: str) -> str:
    known = sorted({found for route in routes if (found := _path(route)) and not found.startswith("/docs/")})
    near = [one for one in known if one != "/" and path.rstrip("/").endswith(one)]
    near += [one for one in known if len(path) > 1 and one.endswith(path) and one not in near]
    near += [one for one in get_close_matches(path[:_SHOWN_PATH], known) if one not in near]
    guess = f"Did you mean {' or '.join(near)}? " if near else ""
    listing = "All paths are described at /docs" if "/docs" in known else f"Paths: {', '.join(known)}"
    return guess + listing


def _path(route: Any) -> str:
    return openapi_path(getattr(route, "path", ""))


def _shown(path: str) -> str:
    return path if len(path) <= _SHOWN_PATH else f"{path[:_SHOWN_PATH]}…"
