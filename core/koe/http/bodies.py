"""Request bodies: reading them within their limit, and the JSON inside."""

import asyncio
import json
import math
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from koe.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    InvalidRequestError,
    UnsupportedMediaTypeError,
)
from koe.settings import LimitsSettings

JSON_TYPE = "application/json"

LARGE_BYTES = 1_000_000
LARGE_BODIES = 4
"""Bodies beyond `LARGE_BYTES` that are held at the same time; the rest of others waits in its socket."""

_places: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = WeakKeyDictionary()


async def read_json(scope: Scope, receive: Receive, limits: LimitsSettings) -> dict[str, Any]:
    """The JSON object in a request's body, of which at most `max_body_bytes` are ever held.

    Large ones are read a few at a time, and parsed in a thread.

    Raises:
        UnsupportedMediaTypeError: the body says that it is not JSON, or that it is compressed.
        BodyTooLargeError: the body has more than `max_body_bytes`.
        BodyTimeoutError: it has not come within `body_timeout_s`.
        InvalidRequestError: the body is not a JSON object in valid UTF-8.
        ClientDisconnect: the client left before the body was complete.
    """
    headers = Headers(scope=scope)
    _check_type(headers)
    async with AsyncExitStack() as stack:
        body = await _read_in_time(receive, headers, limits, stack)
        if len(body) <= LARGE_BYTES:
            return parse_object(body)
        return await asyncio.to_thread(parse_object, body)


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises `InvalidRequestError` with the place of the mistake."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"The body is not valid UTF-8 (byte {error.start})") from None
    found = _parse(text)
    if not isinstance(found, dict):
        raise InvalidRequestError(f"The body must be a JSON object, not {_json_name(found)}")
    _refuse_surrogates(found)
    return found


def _check_type(headers: Headers) -> None:
    media_type = headers.get("content-type", JSON_TYPE).partition(";")[0].strip().lower()
    if media_type != JSON_TYPE and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaTypeError(
            f"The body's content-type is {media_type!r}, expected {JSON_TYPE!r}; send the header "
            f"'content-type: {JSON_TYPE}'"
        )
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(
            f"The body's content-encoding is {encoding!r}; send it uncompressed, without that header"
        )


async def _read_in_time(
    receive: Receive, headers: Headers, limits: LimitsSettings, stack: AsyncExitStack
) -> bytes:
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await _read(receive, headers, limits.max_body_bytes, stack)
    except TimeoutError:
        raise BodyTimeoutError(
            f"The body was not complete within {limits.body_timeout_s:g} s (limits.body_timeout_s); "
            "send it again"
        ) from None


async def _read(receive: Receive, headers: Headers, max_bytes: int, stack: AsyncExitStack) -> bytes:
    """The body. Where it is large, `stack` holds the place that it takes."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > len(str(max_bytes)) or int(declared) > max_bytes):
        raise _too_large(max_bytes)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        if len(body) + len(piece) > max_bytes:
            raise _too_large(max_bytes)
        if len(body) <= LARGE_BYTES < len(body) + len(piece):
            await stack.enter_async_context(_place())
        body += piece
        more = message.get("more_body", False)
    return bytes(body)


def _place() -> asyncio.Semaphore:
    """The places of this event loop."""
    return _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(LARGE_BODIES))


def _too_large(max_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The body has more than {max_bytes} bytes (limits.max_body_bytes); send the text in parts"
    )


def _parse(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise InvalidRequestError("The body's JSON is nested too deeply") from None
    except ValueError:
        raise InvalidRequestError("The body's JSON holds a whole number with too many digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidRequestError(f"The body holds {name}, which JSON does not know; send a finite number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InvalidRequestError("The body holds a number beyond the range of a 64-bit float")
    return number


def _refuse_surrogates(found: Mapping[str, Any]) -> None:
    """Refuse strings that are no Unicode text: those with half of a surrogate pair."""
    for name in found:
        _check_text("A field's name", name)
    waiting: list[tuple[str, object]] = list(found.items())
    while waiting:
        field, value = waiting.pop()
        if isinstance(value, str):
            _check_text(field, value, param=field)
        elif isinstance(value, dict):
            waiting.extend((field, item) for pair in value.items() for item in pair)
        elif isinstance(value, list):
            waiting.extend((field, item) for item in value)


def _check_text(what: str, value: str, param: str | None = None) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{what} holds half of a surrogate pair (character {error.start}), which is no text", param=param
        ) from None


def _json_name(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
