"""The plugin `watermark`."""

from collections.abc import Iterable

from cyclopts import App
from koe.api import AudioProcessor, Plugin, hookimpl

from koe_watermark.cli_embed import add_embed_command
from koe_watermark.config import WatermarkConfig
from koe_watermark.processor import Watermark
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

    @hookimpl
    def register_audio_processors(self) -> Iterable[AudioProcessor]:
        return [Watermark(self.schemes, self.settings)] if self.settings.embed else []

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        app = App(name="watermark", help="Mark audio files, and find marks in them.")
        add_embed_command(app, self.schemes)
        return [app]
