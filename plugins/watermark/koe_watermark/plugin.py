"""The plugin `watermark`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from cyclopts import App
from koe.api import AudioProcessor, Plugin, Server, hookimpl
from starlette.routing import BaseRoute

from koe_watermark.cli_detect import add_detect_command
from koe_watermark.cli_embed import add_embed_command
from koe_watermark.config import WatermarkConfig
from koe_watermark.detector import Detector
from koe_watermark.perth_detector import shared_detector
from koe_watermark.processor import Watermark
from koe_watermark.routes import Detecting
from koe_watermark.schemes import load_schemes


class WatermarkPlugin(Plugin):
    """Registers the audio processor `watermark` and the command of the same name.

    Attributes:
        schemes: those that the config names, in its order.
    """

    Config = WatermarkConfig

    def __init__(self, config: WatermarkConfig | None = None) -> None:
        super().__init__(config)
        self.settings = WatermarkConfig() if config is None else config
        self.schemes = load_schemes(self.settings)
        self._detecting: list[Detecting] = []

    @hookimpl
    def register_audio_processors(self) -> Iterable[AudioProcessor]:
        return [Watermark(self.schemes, self.settings)] if self.settings.embed else []

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        app = App(name="watermark", help="Mark audio files, and find marks in them.")
        add_embed_command(app, self.schemes)
        add_detect_command(app, self._detector)
        return [app]

    @hookimpl
    def register_routes(self, server: Server) -> Iterable[BaseRoute]:  # noqa: ARG002 - it needs no engine
        if not self.settings.detect.enabled:
            return []
        detecting = Detecting(self._detector(), self.settings.detect)
        self._detecting.append(detecting)
        return [detecting.route()]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, server: Server) -> AsyncIterator[None]:  # noqa: ARG002 - it needs no engine
        try:
            yield
        finally:
            for detecting in self._detecting:
                await asyncio.to_thread(detecting.close)

    def _detector(self) -> Detector:
        """That of the first scheme that has one; without any, Perth's."""
        found = (scheme.detector() for scheme in self.schemes)
        return next((one for one in found if one is not None), shared_detector())
