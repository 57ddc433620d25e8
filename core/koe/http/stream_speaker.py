"""Speaks one utterance to the client of a session."""

from contextlib import aclosing

import structlog
from attrs import define, field

from koe.errors import CancelledByCallerError, KoeError, StageError
from koe.hooks import Speech
from koe.http.backend import Backend
from koe.http.errors import error_detail
from koe.http.race import CancelWhen
from koe.http.responses import ClientGoneError
from koe.http.stream_messages import AudioDone, AudioMarks, AudioStart, AudioWords, ErrorEvent
from koe.http.stream_peer import Peer
from koe.http.stream_utterance import LiveUtterance
from koe.http.words import OriginalWord, OriginalWords, original_marks
from koe.types import SpeechPiece

log = structlog.get_logger(__name__)


@define(eq=False)
class Speaker:
    """One utterance at work. It holds a place among the admitted requests only once it has a text."""

    backend: Backend
    peer: Peer
    utterance: LiveUtterance
    _audio_s: float = field(default=0.0, init=False)
    _started: bool = field(default=False, init=False)
    _waiting: list[SpeechPiece] = field(factory=list, init=False)
    _estimated: bool = field(default=False, init=False)
    _words: OriginalWords = field(factory=lambda: OriginalWords(""), init=False)

    async def run(self) -> None:
        """Speak until the utterance's end, and say how it ended: with `audio.done`, or with an error.

        Raises:
            ClientGoneError: the client does not read.
        """
        try:
            if not self.utterance.cancelled.is_set():
                with CancelWhen(self.utterance.cancelled.wait()):
                    await self._speak()
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - logged and told to the client in _failed
            self.utterance.give_up()
            if not (self.utterance.cancelled.is_set() and isinstance(error, CancelledByCallerError)):
                await self._failed(error)
                return
        cancelled = self.utterance.cancelled.is_set()
        await self.peer.send(AudioDone(self.utterance.id, round(self._audio_s, 6), cancelled))

    async def _speak(self) -> None:
        await self.utterance.begun()
        async with self.backend.speak(self.utterance.request, self.utterance) as speech:
            try:
                async with aclosing(speech.pieces("stream")) as pieces:
                    async for piece in pieces:
                        await self._send(speech, piece)
                await self._send_words(self._words.rest())
            finally:
                self._audio_s = speech.audio_s

    async def _send(self, speech: Speech, piece: SpeechPiece) -> None:
        """Words and marks wait for the first audio: only then is settled what `audio.start` says."""
        self._waiting.append(piece)
        if not self._started:
            if not piece.data:
                return
            self._started = True
            await self.peer.send(self._start(speech))
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            await self._send_piece(one)

    async def _send_piece(self, piece: SpeechPiece) -> None:
        if self.utterance.request.timestamps != "none":
            self._estimated = self._estimated or piece.estimated
            self._words.text = self.utterance.taken
            await self._send_words(self._words.feed(piece.words, goes_on=piece.goes_on))
        if piece.marks:
            await self.peer.send(AudioMarks(self.utterance.id, original_marks(piece.marks)))
        if piece.data:
            await self.peer.send_audio(piece.data)

    async def _send_words(self, words: tuple[OriginalWord, ...]) -> None:
        if words:
            await self.peer.send(AudioWords(self.utterance.id, words, self._estimated))

    def _start(self, speech: Speech) -> AudioStart:
        request = self.utterance.request
        return AudioStart(
            utterance_id=self.utterance.id,
            format=request.format,
            media_type=speech.format.media_type,
            sample_rate=request.sample_rate or speech.sample_rate,
            engine=speech.engine,
            voice=speech.voice,
            ignored=self.utterance.ignored,
            facts=speech.facts,
        )

    async def _failed(self, error: Exception) -> None:
        foreseen = isinstance(error, KoeError) and not isinstance(error, StageError)
        say = log.info if foreseen else log.error
        say(
            "utterance_failed",
            utterance_id=self.utterance.id,
            error=f"{type(error).__name__}: {error}",
            exc_info=None if foreseen else error,
        )
        detail = error_detail(error, self.utterance.id)
        await self.peer.send(ErrorEvent(detail, self.utterance.id))
