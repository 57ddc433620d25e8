"""One utterance of a session: its text on the way from the client to the pipeline."""

import asyncio
from collections import deque
from typing import Self

from attrs import define, field

from koe.livetext import Cutter, LiveText, WholeText
from koe.types import SpeechRequest

PLAIN = "text"
"""The markup that may be cut anywhere, since nothing in it is interpreted."""
_PORTION = 4096
"""Characters that are cut into pieces at a time, so that a long text does not hold up the event loop."""


@define(eq=False)
class LiveUtterance:
    """Takes text until it is ended; iterating gives the pieces to speak, as they come.

    Attributes:
        request: how it is spoken; its `request_id` is the utterance's id.
        ignored: fields of the session's configuration that have no effect.
        characters: of all its text so far.
        taken: the text that was given to the pipeline, which is what source spans point into.
        cancelled: set where nobody wants to hear it any more.
    """

    request: SpeechRequest
    ignored: tuple[str, ...] = ()
    characters: int = field(default=0, init=False)
    taken: str = field(default="", init=False)
    cancelled: asyncio.Event = field(factory=asyncio.Event, init=False)
    _ended: bool = field(default=False, init=False)
    _deaf: bool = field(default=False, init=False)
    _cutter: Cutter = field(init=False)
    _uncut: deque[str] = field(factory=deque, init=False)
    _pieces: deque[str] = field(factory=deque, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._cutter = LiveText() if self.request.markup == PLAIN else WholeText()

    @property
    def id(self) -> str:
        return self.request.request_id

    def feed(self, text: str) -> None:
        """Take the text that follows. One that was given up takes none."""
        if self._deaf:
            return
        self.characters += len(text)
        if self._uncut and len(self._uncut[-1]) + len(text) <= _PORTION:
            self._uncut[-1] += text
        else:
            self._uncut.extend(text[start : start + _PORTION] for start in range(0, len(text), _PORTION))
        self._changed.set()

    def end(self) -> None:
        """Its text is complete."""
        self._ended = True
        self._changed.set()

    def give_up(self) -> None:
        """Forget the text that was not taken; what still comes goes the same way."""
        self._deaf = True
        self._uncut.clear()
        self._pieces.clear()
        self._cutter.flush()
        self.characters = 0

    def cancel(self) -> None:
        """Give up, because nobody wants to hear it."""
        self.give_up()
        self.cancelled.set()

    async def begun(self) -> None:
        """Wait until there is something to speak, or the end; for ever once it was given up."""
        while not self._cut() and (self._deaf or not self._ended):
            self._changed.clear()
            await self._changed.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        await self.begun()
        if not self._pieces:
            raise StopAsyncIteration
        piece = self._pieces.popleft()
        self.taken += piece
        return piece

    def _cut(self) -> bool:
        """Cut until there are pieces; whether there are any."""
        while self._uncut and not self._pieces:
            self._pieces += self._cutter.feed(self._uncut.popleft())
        if self._ended and not self._pieces:
            self._pieces += self._cutter.flush()
        return bool(self._pieces)
