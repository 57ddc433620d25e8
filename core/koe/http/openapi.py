"""The OpenAPI 3.1 document, made from the endpoints and from the attrs classes that they read and write."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Any, TypeAlias

import msgspec
from attrs import evolve

from koe import __version__
from koe.access import Access, needs_of
from koe.described import DescribedMiddleware, DescribedRoute
from koe.errors import KoeError
from koe.http import headers
from koe.http.backend import Backend
from koe.http.captions import CAPTIONS
from koe.http.endpoints import Endpoint, Parameter
from koe.http.errors import ErrorBody
from koe.http.events import Framing
from koe.http.sse import SSE

Json: TypeAlias = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_DESCRIPTION = (
    "Speech for any text, compatible with OpenAI's speech API.\n\n"
    "Every answer carries `x-request-id`. Every error has one shape, see `ErrorBody`; its `code` is stable. "
    "An unknown path answers 404 `not_found`, a known one with another method 405 `method_not_allowed` "
    "with `allow`."
)
_TAGS = {
    "speech": "Text in, audio out.",
    "text": "What becomes of a text before it is spoken.",
    "listings": "What this server can do.",
    "health": "How it is doing.",
}


def document(
    backend: Backend,
    endpoints: Sequence[Endpoint],
    routes: Sequence[DescribedRoute] = (),
    around: Sequence[DescribedMiddleware] = (),
) -> Json:
    """The document for these endpoints and routes, with the formats and limits of this deployment."""
    tags = {**{route.tag: "" for route in routes}, **_TAGS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "koe",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": tags[name]} for name in dict.fromkeys([*_TAGS, *tags])],
        "paths": _paths(backend, endpoints, routes, around),
        "components": {
            "schemas": _schemas(backend, endpoints, routes),
            "headers": _header_components(around),
            **_security_components(around),
        },
    }


def openapi_path(path: str) -> str:
    """A path of Starlette's in OpenAPI's notation: `{id:path}` becomes `{id}`."""
    return re.sub(r"{(\w+):\w+}", r"{\1}", path)


def _paths(
    backend: Backend,
    endpoints: Sequence[Endpoint],
    routes: Sequence[DescribedRoute],
    around: Sequence[DescribedMiddleware],
) -> Json:
    paths: Json = {}
    for endpoint in endpoints:
        operations = paths.setdefault(openapi_path(endpoint.path), {})
        operations[endpoint.method.lower()] = _operation(backend, endpoint, around)
    for route in routes:
        operations = paths.setdefault(openapi_path(route.path), {})
        operations[route.method.lower()] = _described(backend, route, around)
    return paths


def _described(backend: Backend, route: DescribedRoute, around: Sequence[DescribedMiddleware]) -> Json:
    """A plugin's operation: what koe's own have, and the bodies that are no JSON."""
    endpoint = Endpoint(
        path=route.path,
        method=route.method,
        handler=route.endpoint,
        tag=route.tag,
        summary=route.summary,
        description=route.description,
        answer=route.answer,
        errors=route.errors,
        needs=needs_of(route),
    )
    operation = _operation(backend, endpoint, around)
    if route.consumes:
        content = {media_type: {"schema": schema} for media_type, schema in route.consumes.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation(backend: Backend, endpoint: Endpoint, around: Sequence[DescribedMiddleware]) -> Json:
    access = Access(openapi_path(endpoint.path), endpoint.needs)
    concerned = [one for one in around if one.concerns(access)]
    extra = tuple(error for one in concerned for error in one.errors)
    endpoint = evolve(endpoint, errors=(*endpoint.errors, *extra))
    operation: Json = {
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "operationId": _operation_id(endpoint),
        "responses": {"200": _success(backend, endpoint), **_failures(endpoint)},
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.parameters:
        operation["parameters"] = [_parameter(one) for one in endpoint.parameters]
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(endpoint.body, endpoint.example)}
    for one in concerned:
        for response in operation["responses"].values():
            response["headers"] |= _header_references(one.headers)
        if one.security:
            operation["security"] = [{name: []} for name in one.security]
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", f"{endpoint.method} {openapi_path(endpoint.path)}".lower())
    return words.strip("_") + ("_slash" if endpoint.path.endswith("/") else "")


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": {"type": "string"},
    }


def _success(backend: Backend, endpoint: Endpoint) -> Json:
    if endpoint.answer is not None:
        return {
            "description": endpoint.summary,
            "headers": _header_references(headers.COMMON),
            "content": _json(endpoint.answer),
        }
    media_types = dict.fromkeys(one.media_type for one in backend.formats().values())
    return {
        "description": "The encoded audio." + (" Or what else was asked for." if endpoint.events else ""),
        "headers": _header_references({**headers.COMMON, **headers.SPEECH}),
        "content": {
            **{media_type: {} for media_type in media_types},
            **{framing.media_type: {"schema": _event(framing)} for framing in endpoint.events},
            **{
                media_type: {"schema": {"type": "string"} if kind is None else _reference(kind)}
                for media_type, kind in endpoint.documents.items()
            },
        },
    }


def _event(framing: Framing) -> Json:
    """One event of the stream; a server-sent one holds koe's as the JSON in its `data`."""
    if framing is not SSE:
        return _event_fields(framing)
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": _event_fields(framing)}
    return {"type": "object", "properties": {"data": data}, "required": ["data"]}


def _event_fields(framing: Framing) -> Json:
    """The fields of an event, and the `type` that it has in this framing."""
    return {
        "oneOf": [
            {
                "allOf": [
                    _reference(kind),
                    {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]},
                ]
            }
            for kind, name in framing.names.items()
        ]
    }


def _reference(kind: type[Any]) -> Json:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}


def _failures(endpoint: Endpoint) -> Json:
    """The error answers by status, each with its codes."""
    errors: set[type[KoeError]] = {KoeError, *endpoint.errors}
    kinds = sorted(errors, key=lambda kind: (kind.status, kind.code))
    failures: Json = {
        str(status): _failure(status, list(group))
        for status, group in groupby(kinds, key=lambda kind: kind.status)
    }
    if endpoint.unready is not None:
        failures["503"] = {
            "description": "Not now.",
            "headers": _header_references(headers.COMMON),
            "content": _json(endpoint.unready),
        }
    return failures


def _failure(status: int, kinds: Sequence[type[KoeError]]) -> Json:
    names = {**headers.COMMON, **(headers.RETRY if status in _RETRIED else {})}
    return {
        "description": "\n".join(f"- `{kind.code}`: {_first_paragraph(kind)}" for kind in kinds),
        "headers": _header_references(names),
        "content": _json(ErrorBody),
    }


def _first_paragraph(kind: type[KoeError]) -> str:
    if kind is KoeError:
        return "The server failed; its log has the cause under the request's id."
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _json(kind: type[Any], example: Mapping[str, object] | None = None) -> Json:
    content: Json = {"schema": _reference(kind)}
    if example:
        content["example"] = dict(example)
    return {"application/json": content}


def _security_components(around: Sequence[DescribedMiddleware]) -> Json:
    schemes = {name: scheme for one in around for name, scheme in one.security.items()}
    return {"securitySchemes": schemes} if schemes else {}


def _header_components(around: Sequence[DescribedMiddleware]) -> Json:
    groups = (headers.COMMON, headers.SPEECH, headers.RETRY, *(one.headers for one in around))
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for group in groups
        for name, text in group.items()
    }


def _header_references(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schemas(backend: Backend, endpoints: Sequence[Endpoint], routes: Sequence[DescribedRoute]) -> Json:
    kinds: set[type[Any]] = {ErrorBody, *(route.answer for route in routes)}
    for one in endpoints:
        documented = (one.answer, one.body, one.unready, *one.documents.values())
        kinds.update(kind for kind in documented if kind is not None)
        kinds.update(kind for framing in one.events for kind in framing.names)
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REFERENCE)
    for body in {one.body for one in endpoints if one.body is not None}:
        _allow_null(schemas[body.__name__])
        for name in _parts(body):
            schemas[name]["additionalProperties"] = False
        _deploy(schemas[body.__name__], backend)
    return schemas


def _parts(body: type[Any]) -> Iterable[str]:
    """The objects inside a body; unlike the body itself, they may hold no unknown keys."""
    _, schemas = msgspec.json.schema_components([body], ref_template=_REFERENCE)
    return schemas.keys() - {body.__name__}


def _allow_null(schema: Json) -> None:
    """Say that every optional field of a body may be null, which counts as left out."""
    for name, field in schema["properties"].items():
        if name not in schema["required"] and {"type": "null"} not in field.get("anyOf", ()):
            kept = {key: field.pop(key) for key in ("description", "examples", "default") if key in field}
            inner = dict(field)
            field.clear()
            field.update(kept, anyOf=[inner, {"type": "null"}])


def _deploy(schema: Json, backend: Backend) -> None:
    """Fill in what depends on the deployment: formats, markups, defaults, the length limit."""
    settings, fields = backend.settings, schema["properties"]
    if "response_format" in fields:
        _narrow(fields["response_format"], [*backend.formats(), *CAPTIONS], settings.http.response_format)
    if "markup" in fields:
        _narrow(fields["markup"], list(backend.markup_parsers()), fields["markup"]["default"])
    for name in fields.keys() & {"input", "phonemes"}:
        limit = settings.limits.max_characters
        fields[name]["maxLength"] = min(limit, fields[name].get("maxLength", limit))


def _narrow(field: Json, choices: Sequence[str], default: str) -> None:
    field["anyOf"] = [{"type": "string", "enum": list(choices)}, {"type": "null"}]
    field["default"] = default
