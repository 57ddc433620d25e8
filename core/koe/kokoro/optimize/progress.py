"""How an optimization tells where it is."""

from typing import Protocol


class Progress(Protocol):
    def begin(self, what: str) -> None:
        """The next piece of work begins; called in the thread that works."""
