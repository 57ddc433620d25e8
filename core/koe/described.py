"""Plugins' routes that say in the OpenAPI document what they do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.routing import Route

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
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method = method
        self.tag = tag
        self.summary = summary
        self.description = description
        self.answer = answer
        self.consumes = dict(consumes or {})
        self.errors = tuple(errors)
