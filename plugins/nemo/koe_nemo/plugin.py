"""The plugin `nemo`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from cyclopts import App
from koe.api import Normalizer, Plugin, Server, hookimpl

from koe_nemo.command import nemo_command
from koe_nemo.config import NemoConfig
from koe_nemo.folders import GrammarFolders
from koe_nemo.grammars import Grammars
from koe_nemo.normalizer import Nemo
from koe_nemo.reader import Reader


class NemoPlugin(Plugin):
    """Registers the normalizer `nemo` and the command `koe nemo`.

    NeMo runs in a process of its own, which is there and has its grammars when the server is ready, and else
    begins with the first text. Where grammars are missing, the server does not start.
    """

    Config = NemoConfig

    def __init__(self, config: NemoConfig | None = None, reader: Reader | None = None) -> None:
        super().__init__(config)
        self._settings = NemoConfig() if config is None else config
        self._folders = GrammarFolders.of(self._settings.dir)
        self._grammars = Grammars(self._folders, self._settings.languages, reader or Reader())

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return [Nemo(self._grammars, self._settings.budget_s)]

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        return [nemo_command(self._folders)]

    @hookimpl
    def lifespan(self, server: Server) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 - not needed here
        return self._loaded()

    @asynccontextmanager
    async def _loaded(self) -> AsyncIterator[None]:
        try:
            await asyncio.to_thread(partial(self._grammars.load, build_missing=self._settings.build_at_start))
            yield
        finally:
            await asyncio.to_thread(self._grammars.reader.close)
