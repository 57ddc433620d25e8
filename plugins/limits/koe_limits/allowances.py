"""How much each client may do."""

from collections.abc import Sequence

from attrs import define, field, frozen
from limits import RateLimitItem

from koe_limits.clients import Client, first_of
from koe_limits.config import LimitsConfig, RateLimitConfig
from koe_limits.rates import rates, thousandfold


@frozen
class Allowance:
    """`requests`, and `audio` in milliseconds."""

    requests: Sequence[RateLimitItem]
    audio: Sequence[RateLimitItem]

    @property
    def longest_s(self) -> float:
        return max((one.get_expiry() for one in (*self.requests, *self.audio)), default=0)


@define
class Allowances:
    """All of them, by key and by scope."""

    config: RateLimitConfig
    _keys: dict[str, Allowance] = field(init=False)
    _scopes: dict[str, Allowance] = field(init=False)
    _default: Allowance = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._default = self._allowance(LimitsConfig())
        self._keys = {name: self._allowance(one) for name, one in self.config.keys.items()}
        self._scopes = {name: self._allowance(one) for name, one in self.config.scopes.items()}

    def of(self, client: Client) -> Allowance:
        if client.name in self._keys:
            return self._keys[client.name]
        scope = first_of(self._scopes, client.scopes)
        return self._default if scope is None else self._scopes[scope]

    @property
    def longest_s(self) -> float:
        """The longest window of all."""
        every = (self._default, *self._keys.values(), *self._scopes.values())
        return max(one.longest_s for one in every)

    def _allowance(self, own: LimitsConfig) -> Allowance:
        requests = self.config.requests if own.requests is None else own.requests
        audio = self.config.audio_seconds if own.audio_seconds is None else own.audio_seconds
        return Allowance(tuple(rates(requests)), tuple(map(thousandfold, rates(audio))))
