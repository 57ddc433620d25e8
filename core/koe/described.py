"""Plugins' routes and middleware that say in the OpenAPI document what they do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import Route

from koe.access import Access, KeyScope, guarded
from koe.errors import KoeError


class DescribedRoute(Route):
    """A route of one method with JSON answers, which `/openapi.json` and `/docs` list beside koe's own.

    Attributes:
        tag: what the document groups it under.
        summary: in a few words.
        description: in Markdown.
        answer: the attrs class of the answer with status 200.
        consumes: JSON Schemas of the bodies that it reads, by media type; empty where it reads none.
        errors: what it may raise, besides a plain 500.

    `needs` is the scope that an API key must have for it, where keys are asked for; without, any key will do.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        tag: str,
        summary: str,
        answer: type[Any],
        method: str = "GET",
        description: str = "",
        consumes: Mapping[str, Mapping[str, Any]] | None = None,
        errors: Sequence[type[KoeError]] = (),
        needs: KeyScope | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        guarded(self, needs)
        self.method = method
        self.tag = tag
        self.summary = summary
        self.description = description
        self.answer = answer
        self.consumes = dict(consumes or {})
        self.errors = tuple(errors)


class DescribedMiddleware(Middleware):
    """Starlette middleware that `/openapi.json` and `/docs` tell of.

    Attributes:
        concerns: whether requests to a route may be answered with `errors` and need `security`.
        errors: what it answers instead of the route.
        headers: what it adds to answers, by header, with what each says.
        security: OpenAPI's security schemes by name, any of which satisfies it.
    """

    def __init__(
        self,
        cls: Any,
        *args: Any,
        concerns: Callable[[Access], bool] = lambda _: True,
        errors: Sequence[type[KoeError]] = (),
        headers: Mapping[str, str] | None = None,
        security: Mapping[str, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cls, *args, **kwargs)
        self.concerns = concerns
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.security = {name: dict(scheme) for name, scheme in (security or {}).items()}
