"""The messages of the streaming WebSocket: JSON text frames, each an object with a `type`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec
from attrs import asdict, field, frozen
from msgspec import Meta

from koe.errors import InvalidRequestError
from koe.http.bodies import parse_object
from koe.http.errors import ErrorDetail
from koe.http.headers import name_list
from koe.http.lexicon_body import LexiconField, check_size
from koe.http.speech_body import (
    Bitrate,
    LanguageTag,
    SampleRate,
    Speed,
    VoiceName,
    VoiceReference,
    VolumeDb,
    checked,
)
from koe.http.words import OriginalMark, OriginalWord
from koe.spelling import suggestion
from koe.structure import keys, structure_body
from koe.types import CacheUse, Timestamps
from koe.wording import shown

MAX_MESSAGE_CHARACTERS = 1_048_576
"""Of one message of the client's."""

FormatName: TypeAlias = Annotated[str, Meta(max_length=64)]


@frozen(kw_only=True, field_transformer=checked)
class SessionConfig:
    """How a session speaks: the fields of `session.config`, as in the body of `POST /v1/audio/speech`."""

    model: str | None = None
    voice: VoiceName | VoiceReference | None = None
    response_format: FormatName = "pcm"
    speed: Speed = 1.0
    language: LanguageTag | None = None
    markup: str = "text"
    sample_rate: SampleRate = 24_000
    bitrate: Bitrate | None = None
    volume_db: VolumeDb = 0.0
    timestamps: Timestamps = "none"
    voice_aliases: Mapping[str, str] = field(factory=dict)
    lexicon: LexiconField = None
    watermark: bool = True
    cache: CacheUse = "use"

    @property
    def voice_name(self) -> str:
        """The voice's name, alias or mix; empty for the default voice."""
        return self.voice.id if isinstance(self.voice, VoiceReference) else self.voice or ""


@frozen
class ConfigMessage:
    """`session.config`: changes the fields it names; null sets one back to its default.

    `fields` has those that `SessionConfig` knows, `ignored` the names of the others.
    """

    fields: Mapping[str, Any]
    ignored: tuple[str, ...]


@frozen
class TextMessage:
    """`input.text`: the text that follows."""

    text: str


@frozen
class FlushMessage:
    """`input.flush`: the utterance's text is complete."""


@frozen
class DoneMessage:
    """`input.done`: no more text comes in this session."""


@frozen
class CancelMessage:
    """`input.cancel`: stop speaking, and forget all text that was sent so far."""


ClientMessage: TypeAlias = ConfigMessage | TextMessage | FlushMessage | DoneMessage | CancelMessage

_PLAIN: Mapping[str, type[TextMessage | FlushMessage | DoneMessage | CancelMessage]] = {
    "input.text": TextMessage,
    "input.flush": FlushMessage,
    "input.done": DoneMessage,
    "input.cancel": CancelMessage,
}
CLIENT_TYPES = ("session.config", *_PLAIN)


@frozen
class AudioStart:
    """An utterance begins to sound; binary frames follow.

    `sample_rate` is that of the audio, in Hz; `facts` are what the audio processors say of their work, such
    as `{"watermark": "yes"}`, and how much of the first audio came from the cache (`{"cache": "hit"}`).
    """

    utterance_id: str
    format: str
    media_type: str
    sample_rate: int
    engine: str
    voice: str
    ignored: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(factory=dict)
    type: ClassVar[str] = "audio.start"


@frozen
class AudioWords:
    """Words that begin in the frames that follow. `estimated`: the engine did not measure their times."""

    utterance_id: str
    words: tuple[OriginalWord, ...]
    estimated: bool
    type: ClassVar[str] = "audio.words"


@frozen
class AudioMarks:
    """Marks that are reached in the frames that follow."""

    utterance_id: str
    marks: tuple[OriginalMark, ...]
    type: ClassVar[str] = "audio.marks"


@frozen
class AudioDone:
    """An utterance is over: all of it was sent, or, where `cancelled`, the rest will not be."""

    utterance_id: str
    audio_s: float
    cancelled: bool
    type: ClassVar[str] = "audio.done"


@frozen
class SessionDone:
    """Everything is over; the server closes the connection."""

    type: ClassVar[str] = "session.done"


@frozen
class ErrorEvent:
    """Something went wrong: with an utterance, which ends here, incomplete, or with a message (null)."""

    error: ErrorDetail
    utterance_id: str | None = None
    type: ClassVar[str] = "error"


ServerEvent: TypeAlias = AudioStart | AudioWords | AudioMarks | AudioDone | SessionDone | ErrorEvent


class UnreadableMessageError(InvalidRequestError):
    """A message that is no JSON object."""


def parse_message(text: str) -> ClientMessage:
    """The message in a text frame. Raises `InvalidRequestError` with what is wrong with it."""
    try:
        fields = parse_object(text.encode())
    except InvalidRequestError as error:
        raise UnreadableMessageError(
            f"A message cannot be read. {error.message}", param=error.param
        ) from None
    kind = fields.pop("type", None)
    if kind == "session.config":
        return _config_message(fields)
    if not isinstance(kind, str) or kind not in _PLAIN:
        raise InvalidRequestError(_unknown_type(kind), param="type")
    return structure_body(fields, _PLAIN[kind], allow_unknown=True)[0]


def parse_config(fields: Mapping[str, Any]) -> SessionConfig:
    """The configuration that `fields` describe. Raises `InvalidRequestError` with all mistakes."""
    given = {name: value for name, value in fields.items() if value is not None}
    check_size(given)
    return structure_body(given, SessionConfig, allow_unknown=False)[0]


def encode_event(event: ServerEvent) -> str:
    """The event as a text frame's content, `type` first."""
    return msgspec.json.encode({"type": event.type, **asdict(event)}).decode()


def _config_message(fields: Mapping[str, Any]) -> ConfigMessage:
    known = keys(SessionConfig)
    return ConfigMessage(
        {name: fields[name] for name in known if name in fields},
        tuple(name_list(name for name in fields if name not in known)),
    )


def _unknown_type(kind: object) -> str:
    if isinstance(kind, str):
        return f"There is no message of type {kind!r:.100}; {suggestion(kind, CLIENT_TYPES)}"
    return f"A message needs a 'type', one of {', '.join(CLIENT_TYPES)}; given {shown(kind)}"
