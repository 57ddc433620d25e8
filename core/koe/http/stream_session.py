"""A session of the streaming WebSocket: text comes in, utterances are spoken one after the other."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field, frozen

from koe.errors import DrainingError, InvalidRequestError, KoeError, TextTooLongError
from koe.http.backend import Backend
from koe.http.errors import error_detail
from koe.http.lexicon_body import request_entries
from koe.http.race import CancelWhen
from koe.http.speech import engine_of
from koe.http.stream_messages import (
    CancelMessage,
    ClientMessage,
    ConfigMessage,
    DoneMessage,
    ErrorEvent,
    FlushMessage,
    SessionConfig,
    SessionDone,
    TextMessage,
    UnreadableMessageError,
    parse_config,
    parse_message,
)
from koe.http.stream_peer import (
    GOING_AWAY,
    INVALID_PAYLOAD,
    NORMAL,
    POLICY_VIOLATION,
    Peer,
    ProtocolViolationError,
)
from koe.http.stream_speaker import Speaker
from koe.http.stream_utterance import LiveUtterance
from koe.tasks import stopped
from koe.types import SpeechRequest

MAX_UTTERANCES = 32
"""That wait to be spoken in one session."""
MAX_MISTAKES = 20
"""Messages in a row that cannot be acted on."""


@frozen
class _End:
    """Why a session takes no more text: the close code, and the reason for people."""

    code: int
    reason: str


@define(eq=False)
class Session:
    """One client. The task that calls `run` reads, another one speaks, so that a cancel is heard at once.

    An utterance begins with its first text that is not blank and ends with a flush, a cancel, the session's
    end, or when no text has come for a while. `identifier` is the connection's request id, `caller` the name
    of its API key, `client` its address.
    """

    backend: Backend
    peer: Peer
    identifier: str
    caller: str = ""
    client: str = ""
    _fields: Mapping[str, Any] = field(factory=dict, init=False)
    _ignored: tuple[str, ...] = field(default=(), init=False)
    _template: SpeechRequest | None = field(init=False)
    _utterances: deque[LiveUtterance] = field(factory=deque, init=False)
    _open: LiveUtterance | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _mistakes: int = field(default=0, init=False)
    _end: _End | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _text_at: float = field(default=0.0, init=False)
    _active_at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._template = self._request(SessionConfig())
        self._active_at = _now()

    async def run(self) -> None:
        """Serve the client to the end, and close.

        Raises:
            ClientGoneError: the client left first, or does not read (`ClientStalledError`).
            ProtocolViolationError: the client broke the rules; the connection is still open.
        """
        speaking = asyncio.create_task(self._speak_all())
        draining = asyncio.create_task(self._end_on_drain())
        try:
            with CancelWhen(asyncio.wait([speaking])):
                await self._read()
        finally:
            await stopped([speaking, draining])
        speaking.result()
        assert self._end is not None
        await self.peer.send(SessionDone())
        await self.peer.close(self._end.code, self._end.reason)

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout_at(self._deadline()):
                    text = await self.peer.receive()
            except TimeoutError:
                self._time_passed()
                continue
            self._active_at = _now()
            try:
                self._act(parse_message(text))
                self._mistakes = 0
            except KoeError as error:
                await self._refuse(error)

    async def _refuse(self, error: KoeError) -> None:
        await self.peer.send(ErrorEvent(error_detail(error, self.identifier)))
        self._mistakes += 1
        if self._mistakes >= MAX_MISTAKES:
            unreadable = isinstance(error, UnreadableMessageError)
            raise ProtocolViolationError(
                f"{MAX_MISTAKES} messages in a row could not be acted on",
                INVALID_PAYLOAD if unreadable else POLICY_VIOLATION,
            )

    def _act(self, message: ClientMessage) -> None:
        match message:
            case ConfigMessage():
                self._configure(message)
            case TextMessage():
                self._take(message.text)
            case FlushMessage():
                self._flush()
            case CancelMessage():
                self._cancel()
            case DoneMessage():
                self._finish(NORMAL, "done")

    def _configure(self, message: ConfigMessage) -> None:
        """Change the configuration of the utterances that begin from now on.

        While the last one was refused, none begins: nobody hears a voice that was not asked for.
        """
        self._template = None
        fields = {**self._fields, **message.fields}
        template = self._request(parse_config(fields))
        self.backend.check(template)
        self._fields, self._ignored, self._template = fields, message.ignored, template

    def _request(self, config: SessionConfig) -> SpeechRequest:
        return SpeechRequest(
            text="",
            voice=config.voice_name,
            language=config.language,
            speed=config.speed,
            format=config.response_format,
            sample_rate=config.sample_rate,
            bitrate=config.bitrate,
            markup=config.markup,
            engine=engine_of(self.backend, config.model),
            volume_db=config.volume_db,
            timestamps=config.timestamps,
            voice_aliases=config.voice_aliases,
            lexicon=request_entries(config.lexicon),
            watermark=config.watermark,
            cache=config.cache,
            caller=self.caller,
            client=self.client,
        )

    def _take(self, text: str) -> None:
        if self._end is not None:
            raise self._too_late(self._end)
        limit = self.backend.settings.limits.max_characters
        if sum(utterance.characters for utterance in self._utterances) + len(text) > limit:
            raise TextTooLongError(
                f"The text was not taken: with it, the utterances that are not finished would have more than "
                f"{limit} characters (limits.max_characters). Flush, and wait for audio.done",
                param="text",
            )
        if self._open is None:
            text = text.lstrip()
            if not text:
                return
            self._open = self._begin()
        self._open.feed(text)
        self._text_at = _now()

    def _begin(self) -> LiveUtterance:
        if self._template is None:
            raise InvalidRequestError(
                "The text was not taken: the last session.config was refused; send one that can be followed"
            )
        if len(self._utterances) >= MAX_UTTERANCES:
            raise InvalidRequestError(
                f"The text was not taken: {MAX_UTTERANCES} utterances wait already; wait for audio.done",
                param="text",
            )
        self._count += 1
        request = evolve(self._template, request_id=f"{self.identifier}.{self._count}")
        utterance = LiveUtterance(request, self._ignored)
        self._utterances.append(utterance)
        self._changed.set()
        return utterance

    def _too_late(self, end: _End) -> KoeError:
        if end.code == GOING_AWAY:
            return DrainingError("The text was not taken: the server is shutting down", retry_after_s=5.0)
        return InvalidRequestError("The text was not taken: it came after the session's end", param="text")

    def _flush(self) -> None:
        if self._open is not None:
            self._open.end()
            self._open = None

    def _cancel(self) -> None:
        for utterance in self._utterances:
            utterance.cancel()
        self._open = None

    def _finish(self, code: int, reason: str) -> None:
        """Take no more text; the session is over when everything has been spoken."""
        self._flush()
        self._end = self._end or _End(code, reason)
        self._changed.set()

    async def _speak_all(self) -> None:
        while await self._has_next():
            await Speaker(self.backend, self.peer, self._utterances[0]).run()
            self._utterances.popleft()
            self._active_at = _now()

    async def _has_next(self) -> bool:
        """Wait for an utterance. False where none will come any more."""
        while not self._utterances and self._end is None:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._utterances)

    async def _end_on_drain(self) -> None:
        await self.backend.drain_begun()
        self._finish(GOING_AWAY, "the server is shutting down")

    def _deadline(self) -> float | None:
        """When something is to happen although the client is silent."""
        settings = self.backend.settings.http
        if self._end is not None:
            return None
        if self._open is not None:
            return self._text_at + settings.stream_idle_timeout_s
        return self._active_at + settings.stream_session_timeout_s

    def _time_passed(self) -> None:
        deadline = self._deadline()
        if deadline is None or deadline > _now():
            return
        if self._open is not None:
            self._flush()
        elif self._utterances:
            self._active_at = _now()
        else:
            self._finish(NORMAL, "nothing was said for a long time")


def _now() -> float:
    return asyncio.get_running_loop().time()
