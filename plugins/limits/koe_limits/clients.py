"""Who is counted: an API key, or an address."""

import time
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from attrs import define, field, frozen
from starlette.types import Scope

OTHERS = "address:others"


@frozen
class Client:
    """One account. `name` is the key's, empty for an address."""

    account: str
    name: str = ""
    scopes: frozenset[str] = frozenset()


@define
class Clients:
    """Tells clients apart, a bounded number of them where `most` says so.

    `window_s`: after how long without a request nothing is known of a client any more.
    """

    ipv6_prefix: int
    window_s: float
    most: int | None
    _seen: dict[str, float] = field(factory=dict, init=False)
    _scopes: dict[str, frozenset[str]] = field(factory=dict, init=False)
    _swept: float = field(default=0.0, init=False)

    def of_scope(self, scope: Scope) -> Client:
        """Who sends this request; the name comes from the middleware that knows the keys."""
        user, auth = scope.get("user"), scope.get("auth")
        if user is not None and user.is_authenticated:
            scopes = frozenset(auth.scopes) if auth is not None else frozenset()
            self._scopes[user.display_name] = scopes
            return Client(f"key:{user.display_name}", user.display_name, scopes)
        peer = scope.get("client")
        return self._of_address(str(peer[0]) if peer else "")

    def of_event(self, caller: str, address: str) -> Client | None:
        """Whose request has ended; None for the machine's own, such as `koe say`."""
        if caller:
            return Client(f"key:{caller}", caller, self._scopes.get(caller, frozenset()))
        return self._of_address(address) if address else None

    def _of_address(self, text: str) -> Client:
        account = f"address:{network(text, self.ipv6_prefix)}"
        return Client(account if self._room_for(account) else OTHERS)

    def _room_for(self, account: str) -> bool:
        if self.most is None:
            return True
        now = time.monotonic()
        if account not in self._seen and len(self._seen) >= self.most:
            self._sweep(now)
        if account not in self._seen and len(self._seen) >= self.most:
            return False
        self._seen[account] = now
        return True

    def _sweep(self, now: float) -> None:
        if now - self._swept > 1.0:
            self._swept = now
            self._seen = {name: at for name, at in self._seen.items() if now - at < self.window_s}


def network(text: str, ipv6_prefix: int) -> str:
    """What an address counts as: itself, or the network that one IPv6 client has."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, ipv6_prefix), strict=False))


def first_of(tables: Mapping[str, object], names: frozenset[str]) -> str | None:
    """The first name of `tables` that is among `names`."""
    return next((name for name in tables if name in names), None)
