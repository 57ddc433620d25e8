"""An answer as a stream of events: audio, the words and marks in it, and an end that cannot be mistaken."""

import json
import math
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

from attrs import asdict, define, field, frozen

from koe.errors import CancelledByCallerError
from koe.hooks import Speech
from koe.http.errors import ErrorDetail, error_detail
from koe.http.words import OriginalMark, OriginalWord, OriginalWords, original_marks
from koe.types import SpeechPiece, SpeechRequest

MAX_DELTA_BYTES = 24_576
"""Of audio in one event: its line then fits into 64 KiB, the least that clients' line readers hold."""
TOKENS_PER_SECOND = 40
"""What `usage` counts as output: the frames of 25 ms that Kokoro makes, whichever engine spoke."""


@frozen
class AudioEvent:
    """A piece of the encoded stream, base64. Pieces are cut anywhere: decode them joined."""

    audio: str


@frozen
class WordsEvent:
    """Words that begin in the audio that follows. `estimated`: the engine did not measure their times."""

    words: tuple[OriginalWord, ...]
    estimated: bool


@frozen
class MarksEvent:
    """Marks that are reached in the audio that follows."""

    marks: tuple[OriginalMark, ...]


@frozen
class Usage:
    """Characters of the text, 25 ms frames of audio begun, and their sum, in the shape of OpenAI's tokens."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


@frozen
class DoneEvent:
    """All of the audio has been sent."""

    usage: Usage


@frozen
class ErrorEvent:
    """The answer ends here, incomplete."""

    error: ErrorDetail


Event: TypeAlias = AudioEvent | WordsEvent | MarksEvent | DoneEvent | ErrorEvent


@frozen
class Framing:
    """How events are written.

    Attributes:
        media_type: of the answer.
        names: the `type` of each kind of event.
        head: bytes before each event.
        tail: bytes behind it.
        keep_alive: bytes that no client takes for an event, for streams that are silent for long.
    """

    media_type: str
    names: Mapping[type[Event], str]
    head: bytes
    tail: bytes
    keep_alive: bytes = b""

    def frame(self, event: Event) -> bytes:
        """The event as one line of ASCII, which every line reader takes for one."""
        content: dict[str, Any] = {"type": self.names[type(event)], **asdict(event)}
        return self.head + json.dumps(content, separators=(",", ":")).encode("ascii") + self.tail


@define(eq=False)
class EventWriter:
    """Writes one answer.

    Args:
        speech: the answer.
        request: what it answers. Words are told where it asks for timestamps.
        framing: how.
    """

    speech: Speech
    request: SpeechRequest
    framing: Framing
    _words: OriginalWords = field(init=False)
    _estimated: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._words = OriginalWords(self.request.text, turns=self.request.turns)

    def piece(self, piece: SpeechPiece) -> bytes:
        """The events of one piece: words and marks before the audio in which they begin."""
        return b"".join(map(self.framing.frame, self._of(piece)))

    async def rest(self, pieces: AsyncGenerator[SpeechPiece, None]) -> AsyncGenerator[bytes, None]:
        """The events of the pieces behind the first, and the last event.

        An error is told in an `ErrorEvent`, which may get lost with the connection, and raised again.
        """
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    if framed := self.piece(piece):
                        yield framed
        except CancelledByCallerError:
            raise
        except Exception as error:
            yield self.framing.frame(ErrorEvent(error_detail(error, self.request.request_id)))
            raise
        yield b"".join(map(self.framing.frame, self._end()))

    def _of(self, piece: SpeechPiece) -> Iterator[Event]:
        self._estimated = self._estimated or piece.estimated
        yield from self._words_event(self._words.feed(piece.words, goes_on=piece.goes_on))
        if piece.marks:
            yield MarksEvent(original_marks(piece.marks))
        for start in range(0, len(piece.data), MAX_DELTA_BYTES):
            yield AudioEvent(b64encode(piece.data[start : start + MAX_DELTA_BYTES]).decode("ascii"))

    def _end(self) -> Iterator[Event]:
        yield from self._words_event(self._words.rest())
        characters = len(self.request.text)
        frames = math.ceil(round(self.speech.audio_s * TOKENS_PER_SECOND, 6))
        yield DoneEvent(Usage(characters, frames, characters + frames))

    def _words_event(self, words: tuple[OriginalWord, ...]) -> Iterator[Event]:
        if words and self.request.timestamps != "none":
            yield WordsEvent(words, self._estimated)
