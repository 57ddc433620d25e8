"""`/v1/cache`: a look inside, and a way to empty it."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import msgspec
from attrs import frozen
from koe.api import CacheReport, DescribedRoute, ForbiddenError, KoeError, Server
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

PATH: Final = "/v1/cache"
SCOPE: Final = "admin"
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
_WHO: Final = (
    f"Only for keys with the scope `{SCOPE}`; where no keys are asked for, only from this machine itself."
)


@frozen
class Admin:
    """The routes for operators."""

    server: Server

    def routes(self) -> Sequence[BaseRoute]:
        return (
            self._route(
                "GET", self.report, "What is cached", "Counts are those of the process that answers."
            ),
            self._route(
                "DELETE", self.clear, "Forget what is cached", "In every tier; answers what is left."
            ),
        )

    async def report(self, request: Request) -> Response:
        check_admin(request)
        return await self._report()

    async def clear(self, request: Request) -> Response:
        check_admin(request)
        await self.server.clear_cache()
        return await self._report()

    async def _report(self) -> Response:
        body = msgspec.json.encode(await self.server.cache_report())
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    def _route(self, method: str, handler: Handler, summary: str, description: str) -> DescribedRoute:
        return DescribedRoute(
            PATH,
            handler,
            method=method,
            tag="cache",
            summary=summary,
            description=f"{description} {_WHO}",
            answer=CacheReport,
            errors=(ForbiddenError, KoeError),
            needs="admin",
        )


def check_admin(request: Request) -> None:
    """Refuse whoever is no operator.

    An authentication middleware decides by its scopes. Without one, a client must sit on this machine, and
    not behind a proxy on it that speaks for others.

    Raises:
        ForbiddenError: not for this client.
    """
    auth = request.scope.get("auth")
    if auth is not None:
        if SCOPE not in auth.scopes:
            raise ForbiddenError(f"This needs a key with the scope {SCOPE!r}")
    elif not _local(request):
        raise ForbiddenError(
            "Without authentication this is answered on the server's own machine only; ask there, through "
            "127.0.0.1, or let an operator enable authentication"
        )


def _local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
