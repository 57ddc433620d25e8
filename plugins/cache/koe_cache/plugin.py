"""The plugin `cache`."""

from collections.abc import Iterable

from koe.api import CacheBackend, Plugin, Server, hookimpl
from starlette.routing import BaseRoute

from koe_cache.config import CacheConfig
from koe_cache.disk import DiskBackend
from koe_cache.memory import MemoryBackend
from koe_cache.redis_server import RedisBackend
from koe_cache.routes import Admin


class CachePlugin(Plugin):
    """Registers the cache backends `memory`, `disk` and `redis`, and `/v1/cache`."""

    Config = CacheConfig

    def __init__(self, config: CacheConfig | None = None) -> None:
        super().__init__(config)
        self._settings = CacheConfig() if config is None else config

    @hookimpl
    def register_cache_backends(self) -> Iterable[CacheBackend]:
        settings = self._settings
        return [MemoryBackend(settings.memory), DiskBackend(settings.disk), RedisBackend(settings.redis)]

    @hookimpl
    def register_routes(self, server: Server) -> Iterable[BaseRoute]:
        return Admin(server).routes()
