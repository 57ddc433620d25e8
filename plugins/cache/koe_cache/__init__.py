"""Cache backends for koe: memory, disk and Redis."""

from koe_cache.config import CacheConfig
from koe_cache.plugin import CachePlugin

__all__ = ["CacheConfig", "CachePlugin"]
