"""The plugin `auth`."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog
from cyclopts import App
from koe.api import Plugin, Server, hookimpl
from starlette.middleware import Middleware

from koe_auth.cli import auth_app
from koe_auth.config import AuthConfig
from koe_auth.guard import guard
from koe_auth.keyring import Keyring

log = structlog.get_logger(__name__)


class AuthPlugin(Plugin):
    """Registers the middleware that asks for keys, and `koe auth`."""

    Config = AuthConfig

    def __init__(self, config: AuthConfig | None = None) -> None:
        super().__init__(config)
        self._settings = AuthConfig() if config is None else config
        self._keyring = Keyring(self._settings)

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        return [guard(self._keyring, self._settings.public)]

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        return [auth_app(self._keyring)]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:  # noqa: ARG002 - it needs no engine
        keys = self._keyring.open()
        log.info("keys_read", keys=len(keys.keys))
        yield
