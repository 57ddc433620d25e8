"""`stream_format: "sse"`: OpenAI's server-sent events.

The framing is two constants and a comment line, so there is no library behind it: `sse-starlette` brings a
response class of its own, whose end a client cannot tell from a break, while `AudioResponse` has the first
audio before the status, aborts what fails and closes the work of clients that left.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from koe.http.events import AudioEvent, DoneEvent, ErrorEvent, Framing, MarksEvent, WordsEvent

KEEP_ALIVE_S = 15.0
"""After how long without an event a comment is sent, for proxies that close idle connections."""

SSE = Framing(
    media_type="text/event-stream",
    names={
        AudioEvent: "speech.audio.delta",
        WordsEvent: "speech.audio.words",
        MarksEvent: "speech.audio.marks",
        DoneEvent: "speech.audio.done",
        ErrorEvent: "error",
    },
    head=b"data: ",
    tail=b"\n\n",
    keep_alive=b": ping\n\n",
)


async def kept_alive(
    frames: AsyncGenerator[bytes, None], comment: bytes, every_s: float = KEEP_ALIVE_S
) -> AsyncGenerator[bytes, None]:
    """The frames, and `comment` whenever the next one takes longer than `every_s`.

    Each frame is awaited in a task of its own, which has ended when this iterator is closed.
    """
    async with aclosing(frames):
        while True:
            following = asyncio.ensure_future(_next(frames))
            try:
                while not (await asyncio.wait([following], timeout=every_s))[0]:
                    yield comment
            finally:
                await _settled(following)
            frame = following.result()
            if frame is None:
                return
            yield frame


async def _next(frames: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(frames, None)


async def _settled(task: "asyncio.Future[bytes | None]") -> None:
    """Cancel the task unless it is done, wait for its end, and take note of its error."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
