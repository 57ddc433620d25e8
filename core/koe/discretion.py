"""Keeps what people want spoken out of the log.

Messages of errors quote: a voice that nobody knows, a line of markup with a mistake in it, the word on which
a library failed. Where texts must not be logged, an event that belongs to a request says what kind of error
it was and where in the code it arose, and not in which words.
"""

import sys
import traceback
from collections.abc import Iterator
from http import HTTPStatus

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "(hidden: log.texts is false)"

_QUOTING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR})
_CHAINED = "which was the cause of:"
_KNOWN = ("stage", "component", "plugin", "code")


def without_texts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: hides what may quote a request's text.

    `reason` and the message in `error` (behind `Type: `) are hidden in events with a `request_id`; reasons
    of other statuses than 400, 404 and 500 stay: they tell of load, sizes and rights. Tracebacks lose their
    messages in every event: a request may be behind any of them.
    """
    if "request_id" in event:
        if "reason" in event and event.get("status", HTTPStatus.BAD_REQUEST) in _QUOTING:
            event["reason"] = HIDDEN
        if "error" in event:
            event["error"] = _kind(str(event["error"]))
    error = _error(event.get("exc_info"))
    if error is not None:
        event.pop("exc_info")
        event["exception"] = "\n".join(_described(error))
    return event


def _kind(error: str) -> str:
    """The type that an error's message begins with, if it does."""
    kind, _, message = error.partition(": ")
    if not kind.replace(".", "").isidentifier():
        return HIDDEN
    return f"{kind}: {HIDDEN}" if message else kind


def _error(exc_info: object) -> BaseException | None:
    if exc_info is True:
        return sys.exc_info()[1]
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _described(error: BaseException) -> Iterator[str]:
    """Types and places, the first cause first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _described(before)
        yield _CHAINED
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    known = {name: getattr(error, name) for name in _KNOWN if isinstance(getattr(error, name, None), str)}
    facts = "".join(f" {name}={value!r}" for name, value in known.items())
    yield f"{type(error).__module__}.{type(error).__qualname__}{facts}: {HIDDEN}"
    for inner in getattr(error, "exceptions", ()):
        yield from _described(inner)
