"""The plugin `normalize`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from cyclopts import App
from koe.api import Fence, Normalizer, Plugin, Server, hookimpl

from koe_text.cjk import Cjk
from koe_text.clean import Clean
from koe_text.command import normalize_command
from koe_text.config import TextNormalizationConfig
from koe_text.english.normalizer import English
from koe_text.european import European
from koe_text.segment import Sentencing
from koe_text.spokenform_library import Spokenform
from koe_text.umbrella import Normalize
from koe_text.warming import Warming
from koe_text.wetext_library import Wetext


class TextNormalizationPlugin(Plugin):
    """Registers the normalizers `clean`, `segment`, `english`, `european`, `cjk`, and `normalize`: them all.

    The libraries are loaded when a text first needs them; a server loads those of the languages in `warm`
    in a thread while it starts.

    Attributes:
        fences: what the libraries left as written, by library.
    """

    Config = TextNormalizationConfig

    def __init__(self, config: TextNormalizationConfig | None = None) -> None:
        super().__init__(config)
        settings = TextNormalizationConfig() if config is None else config
        spokenform, wetext, pysbd = Spokenform(), Wetext(), Fence("pysbd", most_runs=1_000)
        self.fences = {fence.library: fence for fence in (spokenform.fence, wetext.fence, pysbd)}
        clean, segment = Clean(settings.clean), Sentencing(pysbd)
        spoken = [
            English(settings.english, spokenform, wetext),
            European(settings.european, spokenform),
            Cjk(wetext),
        ]
        self._warming = Warming(settings, spokenform, wetext)
        self._umbrella = Normalize([clean, segment], spoken)
        self._normalizers = [clean, segment, *spoken, self._umbrella]

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return self._normalizers

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        return [normalize_command(self._umbrella)]

    @hookimpl
    def lifespan(self, server: Server) -> AbstractAsyncContextManager[None]:
        """Commands, which serve nobody, are not slowed down."""
        return self._warm(serving=server.workers > 0)

    @asynccontextmanager
    async def _warm(self, *, serving: bool) -> AsyncIterator[None]:
        warming = asyncio.create_task(self._warming.run(self._umbrella.pipeline)) if serving else None
        try:
            yield
        finally:
            if warming is not None:
                await warming
