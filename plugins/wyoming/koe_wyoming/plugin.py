"""The plugin `wyoming`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from koe.api import Plugin, Server, hookimpl

from koe_wyoming.config import WyomingConfig
from koe_wyoming.listener import Listener


class WyomingPlugin(Plugin):
    """Speaks Wyoming beside HTTP, in the same process and with the same engine, for as long as koe serves."""

    Config = WyomingConfig

    def __init__(self, config: WyomingConfig | None = None) -> None:
        super().__init__(config)
        self._settings = WyomingConfig() if config is None else config
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The TCP port in use. Raises `RuntimeError` while nothing listens."""
        if self._listener is None:
            raise RuntimeError("koe is not serving, so nothing listens for Wyoming")
        return self._listener.port

    @hookimpl
    def lifespan(self, server: Server) -> AbstractAsyncContextManager[None]:
        return self._listening(server)

    @asynccontextmanager
    async def _listening(self, server: Server) -> AsyncIterator[None]:
        if not server.workers:
            yield
            return
        self._listener = Listener(server, self._settings)
        try:
            await self._listener.start()
            yield
        finally:
            await self._listener.close()
            self._listener = None
