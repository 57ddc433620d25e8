"""The plugins `cors`, `compression` and `security`."""

from collections.abc import Iterable

from koe.api import Plugin, hookimpl
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from koe_cors.compression import CompressJson
from koe_cors.config import CompressionConfig, CorsConfig, SecurityConfig
from koe_cors.origins import WebSocketOrigins
from koe_cors.security import SecurityHeaders

EXPOSED = (
    "x-request-id",
    "koe-cache",
    "koe-engine",
    "koe-ignored",
    "koe-timestamps",
    "koe-voice",
    "koe-watermark",
    "server-timing",
    "content-disposition",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-audio-seconds",
    "x-ratelimit-remaining-audio-seconds",
    "x-ratelimit-reset-audio-seconds",
    "www-authenticate",
)
"""The headers of answers that pages may read."""


class CorsPlugin(Plugin):
    """Lets pages from the configured origins use the API from a browser."""

    Config = CorsConfig

    def __init__(self, config: CorsConfig | None = None) -> None:
        super().__init__(config)
        self.settings = CorsConfig() if config is None else config

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        settings = self.settings
        shared = Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),
            allow_credentials=settings.credentials,
            expose_headers=EXPOSED,
            max_age=settings.max_age_s,
        )
        sockets = Middleware(WebSocketOrigins, origins=settings.origins)
        return [*([shared] if settings.origins else []), *([sockets] if settings.websockets else [])]


class CompressionPlugin(Plugin):
    """Compresses JSON answers for clients that take gzip."""

    Config = CompressionConfig

    def __init__(self, config: CompressionConfig | None = None) -> None:
        super().__init__(config)
        self.settings = CompressionConfig() if config is None else config

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        settings = self.settings
        return [Middleware(CompressJson, minimum_bytes=settings.minimum_bytes, level=settings.level)]


class SecurityPlugin(Plugin):
    """Adds security headers to every answer."""

    Config = SecurityConfig

    def __init__(self, config: SecurityConfig | None = None) -> None:
        super().__init__(config)
        self.settings = SecurityConfig() if config is None else config

    @hookimpl
    def register_middleware(self) -> Iterable[Middleware]:
        return [Middleware(SecurityHeaders, config=self.settings)]
