"""What a route asks of whoever calls it. The plugin that knows the keys decides; without one, all may."""

from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TypeAlias, TypeVar

from attrs import frozen
from starlette.routing import BaseRoute

R = TypeVar("R", bound=BaseRoute)

KeyScope: TypeAlias = Literal["speech", "detect", "admin"]
"""What an API key may be for: making speech, looking for watermarks, operating the server."""

_NEEDS = "koe_needs"
_FIND = "koe.access"


@frozen
class Access:
    """A route as those see it who decide about access.

    Attributes:
        path: in OpenAPI's notation, such as `/v1/models/{id}`.
        needs: the scope that a key must have; None where any key will do.
    """

    path: str
    needs: KeyScope | None = None


def guarded(route: R, needs: KeyScope | None) -> R:
    """The same route, which from now on asks for keys with the scope `needs`."""
    setattr(route, _NEEDS, needs)
    return route


def needs_of(route: BaseRoute) -> KeyScope | None:
    """The scope that `route` asks for; None where it does not say."""
    found: KeyScope | None = getattr(route, _NEEDS, None)
    return found


def offer_access(scope: MutableMapping[str, Any], find: Callable[[], Access | None]) -> None:
    """Let `access` find out what the request's route asks for."""
    scope[_FIND] = find


def access(scope: MutableMapping[str, Any]) -> Access | None:
    """What the route asks for that will answer this request; None where none will (404, 405).

    For middleware, which is called before the route is known. `scope` is that of ASGI.
    """
    find: Callable[[], Access | None] | None = scope.get(_FIND)
    return None if find is None else find()
