"""Long sentences in pieces: the core's."""

from koe.api import MAX_CHARACTERS, pieces

__all__ = ["MAX_CHARACTERS", "pieces"]
