"""Errors as HTTP answers: one envelope for all of them, in OpenAI's shape."""

import math
from collections.abc import Mapping
from http import HTTPStatus

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.responses import Response

from koe.errors import InvalidRequestError, KoeError, OverloadedError, StageError
from koe.http.headers import RETRY_AFTER, RETRY_AFTER_MS
from koe.http.views import encode

UNAVAILABLE_RETRY_S = 30.0
"""What a 503 that is no overload asks clients to wait: until an operator may have done something."""

_CODES: Mapping[int, str] = {status.value: status.name.lower() for status in HTTPStatus}


@frozen
class ErrorDetail:
    """What went wrong. `param` names the field at fault, `code` is stable and meant for programs."""

    message: str
    type: str
    param: str | None
    code: str


@frozen
class ErrorBody:
    """The body of every answer with a status of 400 and above."""

    error: ErrorDetail


def error_response(error: Exception, request_id: str) -> Response:
    """The answer to a request that ended with `error`.

    What a 5xx says names stage and component at most: messages of unforeseen errors stay in the log.
    """
    if isinstance(error, HTTPException):
        return _framework_error(error)
    known = error if isinstance(error, KoeError) else _UnforeseenError()
    headers = {**_retry_headers(known), **known.headers}
    return envelope(known.status, error_detail(known, request_id), headers)


def error_detail(error: Exception, request_id: str) -> ErrorDetail:
    """What a client may know about `error`."""
    known = error if isinstance(error, KoeError) else _UnforeseenError()
    return ErrorDetail(_message(known, request_id), known.type, known.param, known.code)


def envelope(status: int, detail: ErrorDetail, headers: Mapping[str, str] | None = None) -> Response:
    """`detail` as a JSON answer."""
    body = encode(ErrorBody(detail))
    return Response(body, status, headers, media_type="application/json")


class _UnforeseenError(KoeError):
    def __init__(self) -> None:
        super().__init__("unforeseen")


def _message(error: KoeError, request_id: str) -> str:
    if isinstance(error, StageError):
        return (
            f"The {error.stage} stage failed in component {error.component!r} of plugin {error.plugin!r}; "
            f"the server's log has the cause under request id {request_id}"
        )
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"The server failed; its log has the cause under request id {request_id}"
    return error.message


def _retry_headers(error: KoeError) -> dict[str, str]:
    if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    seconds = error.retry_after_s if isinstance(error, OverloadedError) else UNAVAILABLE_RETRY_S
    return {
        RETRY_AFTER: str(max(1, math.ceil(seconds))),
        RETRY_AFTER_MS: str(max(1, math.ceil(seconds * 1000))),
    }


def _framework_error(error: HTTPException) -> Response:
    """An error that Starlette or a plugin's route raised."""
    status = error.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return Response(status_code=status, headers=error.headers)
    kind = KoeError.type if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequestError.type
    code = _CODES.get(status, f"http_{status}")
    return envelope(status, ErrorDetail(error.detail, kind, None, code), error.headers)
