"""The plugin `clips`."""

from collections.abc import Iterable

from koe.api import Engine, Plugin, hookimpl

from koe_clips.config import ClipsConfig
from koe_clips.engine import ClipsEngine


class ClipsPlugin(Plugin):
    """Registers the engine `clips`. Nothing is read before it is opened."""

    Config = ClipsConfig

    def __init__(self, config: ClipsConfig | None = None) -> None:
        super().__init__(config)
        self._engine = ClipsEngine(ClipsConfig() if config is None else config)

    @hookimpl
    def register_engines(self) -> Iterable[Engine]:
        return [self._engine]
