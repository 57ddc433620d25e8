"""The plugin `espeak`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from koe.api import Engine, Phonemizer, Plugin, Server, hookimpl

from koe_espeak.config import EspeakConfig
from koe_espeak.engine import EspeakEngine
from koe_espeak.files import EspeakFiles
from koe_espeak.owner import Espeak
from koe_espeak.phonemizer import EspeakPhonemizer


class EspeakPlugin(Plugin):
    """Registers the phonemizer and the engine `espeak`. Nothing is loaded before it is used."""

    Config = EspeakConfig

    def __init__(self, config: EspeakConfig | None = None) -> None:
        super().__init__(config)
        settings = EspeakConfig() if config is None else config
        self._phonemizer = EspeakPhonemizer(Espeak(lambda: EspeakFiles.of(settings)))
        self._engine = EspeakEngine(settings, Espeak(lambda: EspeakFiles.of(settings)))

    @hookimpl
    def register_phonemizers(self) -> Iterable[Phonemizer]:
        return [self._phonemizer]

    @hookimpl
    def register_engines(self) -> Iterable[Engine]:
        return [self._engine]

    @hookimpl
    def lifespan(self, server: Server) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 - nothing asked
        """Lets go of the phonemizer's library when the server stops; engines are closed by the core."""
        return self._closing()

    @asynccontextmanager
    async def _closing(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(self._phonemizer.close)
