"""What Starlette serves and what the OpenAPI document says about it, in one value per path and method."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen
from starlette.responses import Response
from starlette.routing import Route

from koe.access import KeyScope, guarded
from koe.errors import KoeError
from koe.http.events import Framing
from koe.http.views import encode

Handler: TypeAlias = Callable[..., Any]
"""`async (Request) -> Response`, or an ASGI application."""


@frozen
class Parameter:
    """A string in the path or the query."""

    name: str
    place: Literal["path", "query"]
    description: str


@frozen
class Endpoint:
    """One path and method.

    Attributes:
        path: in Starlette's notation.
        tag: what the document groups it under.
        answer: the attrs class of a JSON answer; None where the answer is audio.
        events: the framings in which the audio may also be answered.
        documents: what else may be answered instead of the audio, by media type: an attrs class of JSON, or
            None for text.
        body: the attrs class of a JSON body.
        example: of the body.
        unready: the attrs class of a 503 that is no error envelope.
        errors: what it may answer besides a plain 500.
        needs: the scope that an API key must have for it, where keys are asked for; None: any key will do.
    """

    path: str
    handler: Handler
    tag: str
    summary: str
    description: str = ""
    method: str = "GET"
    answer: type[Any] | None = None
    events: tuple[Framing, ...] = ()
    documents: Mapping[str, type[Any] | None] = field(factory=dict)
    body: type[Any] | None = None
    example: Mapping[str, object] = field(factory=dict)
    unready: type[Any] | None = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[type[KoeError], ...] = ()
    needs: KeyScope | None = None

    def route(self) -> Route:
        route = Route(self.path, self.handler, methods=[self.method], name=f"{self.method} {self.path}")
        return guarded(route, self.needs)


def json_answer(view: object, status: int = 200, *, fresh: bool = False) -> Response:
    """An attrs value as JSON; `fresh`: no cache may keep it."""
    headers = {"cache-control": "no-store"} if fresh else None
    return Response(encode(view), status, headers, media_type="application/json")
