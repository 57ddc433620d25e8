"""`[plugins.cache]`."""

from attrs import field, frozen
from attrs.validators import ge, gt, le
from koe.api import SecretUrl


@frozen
class MemoryConfig:
    """The backend `memory`.

    Attributes:
        max_bytes: of all values; the least recently used go first.
    """

    max_bytes: int = field(default=64_000_000, validator=[ge(0), le(1_000_000_000_000)])


@frozen
class DiskConfig:
    """The backend `disk`.

    Attributes:
        path: an SQLite file that koe makes, which may be shared by several processes of this machine; empty:
            `koe/segments.sqlite3` in the user's cache folder.
        max_bytes: of all values; the least recently used go first.
    """

    path: str = ""
    max_bytes: int = field(default=1_000_000_000, validator=[ge(0), le(1_000_000_000_000)])


@frozen
class RedisConfig:
    """The backend `redis`.

    Attributes:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with user, password and database where needed; user
            and password are never shown.
        prefix: of all keys.
        expire_s: how long a value is kept; Redis itself is told how much memory it may use.
        max_connections: that one process opens; further calls wait for one.
    """

    url: SecretUrl = field(default=SecretUrl("redis://127.0.0.1:6379/0"))
    prefix: str = "koe:"
    expire_s: int = field(default=604_800, validator=[ge(1), le(315_360_000)])
    max_connections: int = field(default=16, validator=[gt(0), le(1000)])


@frozen
class CacheConfig:
    """Where audio is kept; `cache.tiers` of the core names the backends that are used.

    Attributes:
        memory: this process's memory.
        disk: a file.
        redis: a Redis server, shared by many machines.
    """

    memory: MemoryConfig = MemoryConfig()
    disk: DiskConfig = DiskConfig()
    redis: RedisConfig = RedisConfig()
