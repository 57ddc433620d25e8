"""`[plugins.ratelimit]`."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le
from koe.api import KeyScope, SecretUrl

from koe_limits.rates import check_rates

_SCHEMES = ("redis://", "rediss://", "unix://")


def _storage(_: Any, _attribute: Any, value: SecretUrl) -> None:
    if value.reveal() != "memory" and not value.reveal().startswith(_SCHEMES):
        raise ValueError(f"expected 'memory' or a URL that begins with {', '.join(_SCHEMES)}")


@frozen
class LimitsConfig:
    """What some keys may do. Empty: without limit. Left out: as all others.

    Attributes:
        requests: such as `600/minute`.
        audio_seconds: such as `36000/day`.
    """

    requests: str | None = field(default=None, validator=check_rates)
    audio_seconds: str | None = field(default=None, validator=check_rates)


@frozen
class RateLimitConfig:
    """How much one API key may do, and without keys one address.

    Attributes:
        requests: requests for speech, detection or administration, such as `60/minute` or
            `10/second; 5000/day`; empty: without limit.
        audio_seconds: seconds of audio that are made, such as `3600/day`; empty: without limit.
        scopes: other limits for keys by their scope, a table for each; the first in this order that a key
            has counts.
        keys: other limits for single keys by name, a table for each; they win over those by scope.
        storage: where it is counted: `memory` of each process, or the URL of a Redis server that all share.
        prefix: of all keys in Redis.
        timeout_s: how long Redis may take for one request.
        when_unavailable: what happens while Redis does not answer: `allow` all requests, or `refuse` them
            with 503.
        retry_after_s: for how long it is not asked again then.
        ipv6_prefix: how many bits of an IPv6 address tell clients apart; a household or a rented server
            usually has all addresses of one /64.
        max_clients: addresses that are counted each on its own in memory; further ones share one account.
    """

    requests: str = field(default="60/minute", validator=check_rates)
    audio_seconds: str = field(default="", validator=check_rates)
    scopes: Mapping[KeyScope, LimitsConfig] = field(factory=dict)
    keys: Mapping[str, LimitsConfig] = field(factory=dict)
    storage: SecretUrl = field(default=SecretUrl("memory"), validator=_storage)
    prefix: str = "koe:limits"
    timeout_s: float = field(default=0.25, validator=[gt(0), le(60)])
    when_unavailable: Literal["allow", "refuse"] = field(default="allow", validator=in_(("allow", "refuse")))
    retry_after_s: float = field(default=5.0, validator=[gt(0), le(3600)])
    ipv6_prefix: int = field(default=64, validator=[ge(16), le(128)])
    max_clients: int = field(default=10_000, validator=[ge(1), le(1_000_000)])
