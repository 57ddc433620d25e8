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


class NemoPlugin(Plugin):
    """Registers the normalizer `nemo` and the command `koe nemo`.

    The grammars are loaded when the server starts, which it refuses to do where they are missing, and else
    with the first text.
    """

    Config = NemoConfig

    def __init__(self, config: NemoConfig | None = None) -> None:
        super().__init__(config)
        self._settings = NemoConfig() if config is None else config
        self._folders = GrammarFolders.of(self._settings.dir)
        self._grammars = Grammars(self._folders, self._settings.languages)

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
        await asyncio.to_thread(partial(self._grammars.load, build_missing=self._settings.build_at_start))
        yield
