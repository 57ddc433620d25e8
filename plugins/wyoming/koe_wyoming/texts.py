"""The text of one streamed request, on its way from the client to the engine."""

import asyncio
from collections import deque
from typing import Self

from koe.api import Cutter, LiveText, TextTooLongError, WholeText


class StreamedText:
    """An iterator over what can be spoken, filled as the client's chunks come. Lives on one event loop.

    Args:
        max_bytes: the most text, in bytes of UTF-8; this also bounds what waits here.
        whole: wait for the end of the text, for markup that cannot be cut anywhere.
    """

    def __init__(self, max_bytes: int, *, whole: bool = False) -> None:
        self._left = self._max_bytes = max_bytes
        self._cutter: Cutter = WholeText() if whole else LiveText()
        self._pieces: deque[str] = deque()
        self._ended = False
        self._changed = asyncio.Event()
        self.waiting = False

    def feed(self, text: str) -> None:
        """Take the next chunk.

        Raises:
            TextTooLongError: the text is now longer than allowed.
        """
        self._left -= len(text.encode())
        if self._left < 0:
            raise TextTooLongError(
                f"The text is longer than {self._max_bytes} bytes (plugins.wyoming.max_request_bytes). "
                "Send it in parts",
                param="text",
            )
        self._add(self._cutter.feed(text))

    def finish(self) -> None:
        """No more text comes."""
        self._add(self._cutter.flush())
        self._ended = True
        self._changed.set()

    async def begun(self) -> bool:
        """Wait for the first piece; False where the text ends without one."""
        while not self._pieces and not self._ended:
            self._changed.clear()
            self.waiting = True
            try:
                await self._changed.wait()
            finally:
                self.waiting = False
        return bool(self._pieces)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if not await self.begun():
            raise StopAsyncIteration
        return self._pieces.popleft()

    def _add(self, pieces: list[str]) -> None:
        self._pieces.extend(pieces)
        if pieces:
            self._changed.set()
