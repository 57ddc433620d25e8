"""The HTTP application with plugins and the fake engine, called without a socket."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, frozen
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from koe.access import KeyScope, needs_of
from koe.hooks import Plugin, Server, overrides
from koe.http.app import build_app
from koe.http.service import SynthesizerBackend
from koe.settings import Settings
from koe.testing.build import FAKE_SETTINGS, registry_of
from koe.testing.fakes import FakePlugin
from koe.text import TextPlugin
from koe.types import SpeechRequest


@frozen
class Answer:
    """What came back. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@define(eq=False)
class Served:
    """A koe that answers in this process."""

    routes: Sequence[BaseRoute]
    """Those of the plugins."""
    _app: ASGIApp
    _backend: Server

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request from this machine's own address; the whole answer."""
        sent: list[Mapping[str, Any]] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Mapping[str, Any]:
            return next(messages, {"type": "http.disconnect"})

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        await self._app(_scope(method, path, headers or {}), receive, send)  # type: ignore[arg-type]
        received = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], received, b"".join(one.get("body", b"") for one in sent[1:]))

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[None]:
        """A speech request is running meanwhile."""
        async with self._backend.speak(SpeechRequest("One.", format="raw")):
            yield

    def needs(self, path: str) -> KeyScope | None:
        """The scope that the plugins' route at `path` asks keys for."""
        return next(needs_of(route) for route in self.routes if getattr(route, "path", None) == path)


@asynccontextmanager
async def served(*plugins: Plugin, settings: Settings = FAKE_SETTINGS) -> AsyncIterator[Served]:
    """A started server with `plugins`, the fake ones and the plugin `text`.

    Raises:
        ConfigError: what the plugins register is wrong, or two routes answer one path and method.
    """
    registry = registry_of(TextPlugin(), FakePlugin(), *plugins)
    backend = SynthesizerBackend(registry, settings)
    routes = [
        route
        for plugin in plugins
        if overrides(plugin, "register_routes")
        for route in plugin.register_routes(server=backend)
    ]
    around = [owned.component for owned in registry.middleware]
    app = build_app(backend, routes=routes, middleware=around)
    await backend.start()
    try:
        yield Served(routes, app, backend)
    finally:
        await backend.stop()


def _scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    plain, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_354),
    }
