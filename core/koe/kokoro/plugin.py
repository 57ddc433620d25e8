"""The built-in plugin that brings the Kokoro engine."""

from koe.hooks import Plugin, hookimpl
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.stages import Engine


class KokoroPlugin(Plugin):
    """Registers the engine `kokoro`."""

    Config = KokoroConfig

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__(config)
        self._engine = KokoroEngine(config)

    @hookimpl
    def register_engines(self) -> list[Engine]:
        return [self._engine]
