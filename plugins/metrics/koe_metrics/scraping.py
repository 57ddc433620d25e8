"""The answer to a scrape, and who gets one."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from attrs import define, field
from koe.api import ForbiddenError
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from koe_metrics.sampling import Sampler
from koe_metrics.stores import Store

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


@define(eq=False)
class Scraping:
    """What is behind the route. One scrape is made at a time, in a thread."""

    sampler: Sampler
    store: Store
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def answer(self, request: Request) -> Response:
        """All metrics, in the format that the scraper asks for."""
        encode, media_type = _encoder(request.headers.get("accept", ""))
        async with self._turn:
            await self.sampler.sample()
            body = await asyncio.to_thread(self._encoded, encode)
        return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})

    def _encoded(self, encode: Callable[..., bytes]) -> bytes:
        self.store.forget_dead()
        return encode(self.store.collected)


class Allowed:
    """Who may read metrics: by the address that a request comes from."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def check(self, request: Request) -> None:
        """Raise `ForbiddenError` for strangers.

        A request that a proxy on this machine hands on comes from a loopback address, too, but not from
        this machine: its headers tell.
        """
        host = request.client.host if request.client else ""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            raise _forbidden(host) from None
        address = getattr(address, "ipv4_mapped", None) or address
        handed_on = address.is_loopback and any(name in request.headers for name in _FORWARDED)
        if handed_on or not any(address in network for network in self._networks):
            raise _forbidden(host)


def _encoder(accept: str) -> tuple[Callable[..., bytes], str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # what it raises for versions that are none
        return choose_encoder("")


def _forbidden(host: str) -> ForbiddenError:
    return ForbiddenError(
        f"Metrics are not for {host or 'an unknown address'}; the operator lists those who may read them in "
        "plugins.metrics.allow"
    )
