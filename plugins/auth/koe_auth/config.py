"""`[plugins.auth]`."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from koe_auth.keys import KeyConfig, check_keys

PUBLIC: Final = (
    *("/", "/v1", "/v1/"),
    *("/v1/models", "/v1/models/{id}", "/v1/audio/models", "/v1/audio/voices", "/v1/capabilities"),
    *("/health", "/health/live", "/health/ready"),
    *("/docs", "/docs/*", "/openapi.json"),
)


@frozen
class AuthConfig:
    """Who may do what.

    Attributes:
        keys: by name, one table for each: `hash` and `scopes`.
        keys_file: a TOML file with more of them, read again when it changes.
        public: the paths that are open without a key, as `/openapi.json` writes them; `*` at the end stands
            for anything.
    """

    keys: Mapping[str, KeyConfig] = field(factory=dict, validator=check_keys)
    keys_file: str = ""
    public: tuple[str, ...] = PUBLIC
