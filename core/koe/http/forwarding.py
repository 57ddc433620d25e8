"""Who the client is when a proxy stands in between.

A header can be written by anybody, so it counts only as far as it was written by proxies that the operator
trusts: each appends the address that it was called from, so the list is read from its end, and the first
address there that is no trusted proxy is the client. What stands before it is hearsay.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import TypeAlias

from attrs import frozen
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from koe.settings import ServerSettings

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SECURE = {"http": "https", "ws": "wss"}
_MOST_HOPS = 32
"""Of a list that is read; longer ones are forged, or a loop."""


@frozen
class Hop:
    """What a proxy says of the connection on which it was called. Empty where it does not say."""

    address: str
    scheme: str = ""


@frozen
class Proxies:
    """The proxies that are believed, and the header in which they write."""

    networks: tuple[Network, ...]
    header: str

    @classmethod
    def of(cls, settings: ServerSettings) -> "Proxies":
        networks = tuple(ip_network(one, strict=False) for one in settings.trusted_proxies)
        return cls(networks, settings.forwarded_header)

    def trust(self, address: Address) -> bool:
        return any(address in network for network in self.networks)

    def client(self, peer: str, headers: Headers) -> Hop | None:
        """Who called the outermost proxy, and how; None where `peer` is no trusted proxy, or says nothing."""
        nearest = parsed(peer)
        if nearest is None or not self.trust(nearest):
            return None
        found: Hop | None = None
        for hop in self._hops(headers):
            address = parsed(hop.address)
            if address is None:
                break
            found = Hop(str(address), hop.scheme or (found.scheme if found else ""))
            if not self.trust(address):
                break
        return found

    def _hops(self, headers: Headers) -> Iterator[Hop]:
        """What the proxies wrote, the last one first."""
        lines = ",".join(headers.getlist(self.header))
        if self.header == "forwarded":
            yield from map(_forwarded, islice(_from_the_end(lines, ","), _MOST_HOPS))
            return
        schemes = ",".join(headers.getlist("x-forwarded-proto")).rsplit(",", _MOST_HOPS)[::-1]
        for number, item in enumerate(lines.rsplit(",", _MOST_HOPS)[::-1][:_MOST_HOPS]):
            # One scheme is that of the proxy before koe; several were appended like the addresses.
            yield Hop(item, schemes[number].strip().lower() if number < len(schemes) else "")


class ForwardingMiddleware:
    """Puts the client's address into the scope where a trusted proxy tells it, for logs and limits."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self.app = app
        self._proxies = Proxies.of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        if self._proxies.networks and peer and scope["type"] in {"http", "websocket"}:
            hop = self._proxies.client(peer[0], Headers(scope=scope))
            if hop is not None:
                scope["client"] = (hop.address, 0)
                if hop.scheme in {"https", "wss"}:
                    scope["scheme"] = _SECURE.get(scope["scheme"], scope["scheme"])
        await self.app(scope, receive, send)


def parsed(text: str) -> Address | None:
    """An address with or without a port; IPv4 within IPv6 is IPv4. None for anything else."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _forwarded(element: str) -> Hop:
    """One element of `Forwarded` (RFC 7239)."""
    pairs = [pair.partition("=") for pair in _from_the_end(element, ";")]
    said = {name.strip().lower(): _unquoted(value.strip()) for name, _, value in pairs}
    return Hop(said.get("for", ""), said.get("proto", "").lower())


def _from_the_end(text: str, separator: str) -> Iterator[str]:
    """The parts of a header's value, the last one first; separators between quotation marks divide nothing.

    Read backwards, a mark that somebody left open in front cannot swallow what a proxy appended.
    """
    end, quoted = len(text), False
    for place in range(len(text) - 1, -1, -1):
        quoted ^= text[place] == '"'
        if text[place] == separator and not quoted:
            yield text[place + 1 : end]
            end = place
    yield text[:end]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
