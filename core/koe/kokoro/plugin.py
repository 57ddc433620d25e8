"""The built-in plugin that brings the Kokoro engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from koe.hooks import Plugin, Server, hookimpl
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.stages import Engine

RESCAN_S = 2.0
"""How often the folder of further voices is looked at."""


class KokoroPlugin(Plugin):
    """Registers the engine `kokoro`, and watches its folder of further voices while the server runs."""

    Config = KokoroConfig

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__(config)
        self._engine = KokoroEngine(config)

    @hookimpl
    def register_engines(self) -> list[Engine]:
        return [self._engine]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:  # noqa: ARG002 - it needs the engine alone
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _watch(self) -> None:
        while self.config.extra_voices:
            await asyncio.sleep(RESCAN_S)
            await asyncio.to_thread(self._engine.rescan_voices)
