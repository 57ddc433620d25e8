"""What components have to say about their work, for whoever is listening."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[list[str] | None] = ContextVar("koe_notes", default=None)


def note(text: str) -> None:
    """Tell `/v1/text/inspect` something about the text at hand, such as what was left as written.

    Nothing happens where nobody inspects. Call it in the thread in which the component was called.
    """
    notes = _listener.get()
    if notes is not None:
        notes.append(text)


@contextmanager
def collected_notes() -> Iterator[list[str]]:
    """The notes of everything that is called within the block, in order."""
    notes: list[str] = []
    token = _listener.set(notes)
    try:
        yield notes
    finally:
        _listener.reset(token)
