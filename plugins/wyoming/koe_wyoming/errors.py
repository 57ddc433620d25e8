"""What can go wrong between a Wyoming client and koe, and how it is told."""

from typing import Any

from koe.api import CancelledByCallerError, InvalidRequestError, KoeError, OverloadedError, StageError
from wyoming.error import Error

_SHOWN = 80
_INTERNAL = 500


class BadEventError(InvalidRequestError):
    """What the client sent is no Wyoming event, or none that fits here."""

    code = "bad_event"


class IdleClientError(InvalidRequestError):
    """The client said nothing for too long when it was its turn."""

    code = "idle_timeout"


class ClientGoneError(CancelledByCallerError):
    """The client has left, or no longer takes what it is sent."""

    code = "client_gone"


class StoppingError(OverloadedError):
    """The server stops while a request is still being spoken."""

    code = "shutting_down"


def error_event(error: Exception, request_id: str) -> Error:
    """The `error` that tells a client. Causes of the server's own failures stay in the log."""
    if isinstance(error, StageError):
        return Error(
            f"The {error.stage} stage failed in component {error.component!r} of plugin {error.plugin!r}; "
            f"the server's log has the cause under request id {request_id}",
            error.code,
        )
    if is_own_failure(error):
        code = error.code if isinstance(error, KoeError) else KoeError.code
        return Error(f"The server failed; its log has the cause under request id {request_id}", code)
    return Error(str(error), getattr(error, "code", None))


def is_own_failure(error: Exception) -> bool:
    """Whether the cause is the server's own, and belongs into its log."""
    return not isinstance(error, KoeError) or error.status == _INTERNAL


def shown(value: Any) -> str:
    """A client's value, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
