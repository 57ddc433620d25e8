"""Turns what a component raises into an error that names stage, component and plugin."""

from collections.abc import Iterator
from contextlib import contextmanager

from koe.errors import CancelledByCallerError, InvalidRequestError, StageError
from koe.types import Stage


@contextmanager
def guarded(stage: Stage, component: str, plugin: str) -> Iterator[None]:
    """Raise `StageError` for whatever the block raises, except a client's mistake or a cancelled run."""
    try:
        yield
    except (InvalidRequestError, CancelledByCallerError, StageError):
        raise
    except Exception as error:
        raise StageError(stage.value, component, plugin, error) from error
