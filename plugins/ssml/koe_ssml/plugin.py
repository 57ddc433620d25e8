"""The plugin `ssml`."""

from collections.abc import Iterable

from koe.api import MarkupParser, Plugin, hookimpl

from koe_ssml.config import SsmlConfig
from koe_ssml.parser import Ssml


class SsmlPlugin(Plugin):
    """Registers the markup `ssml`."""

    Config = SsmlConfig

    def __init__(self, config: SsmlConfig | None = None) -> None:
        super().__init__(config)
        self._settings = SsmlConfig() if config is None else config

    @hookimpl
    def register_markup_parsers(self) -> Iterable[MarkupParser]:
        return [Ssml(self._settings)]
