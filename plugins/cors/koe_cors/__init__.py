"""koe for browsers: CORS, compressed JSON, security headers."""

from koe_cors.config import CompressionConfig, CorsConfig, SecurityConfig
from koe_cors.plugins import CompressionPlugin, CorsPlugin, SecurityPlugin

__all__ = [
    "CompressionConfig",
    "CompressionPlugin",
    "CorsConfig",
    "CorsPlugin",
    "SecurityConfig",
    "SecurityPlugin",
]
