"""The body of `POST /v1/audio/speech`: one class for the checks and for the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args

from attrs import NOTHING, Attribute, field, frozen
from msgspec import Meta

from koe.http.lexicon_body import LexiconField
from koe.requests import MAX_REQUEST_ALIASES, SPEED_RANGE, VOLUME_RANGE_DB
from koe.types import CacheUse, Timestamps
from koe.voices import MAX_EXPRESSION

Speed: TypeAlias = Annotated[float, Meta(ge=SPEED_RANGE[0], le=SPEED_RANGE[1])]
VolumeDb: TypeAlias = Annotated[float, Meta(ge=VOLUME_RANGE_DB[0], le=VOLUME_RANGE_DB[1])]
SampleRate: TypeAlias = Annotated[int, Meta(ge=8_000, le=48_000)]
Bitrate: TypeAlias = Annotated[int, Meta(ge=6_000, le=512_000)]
VoiceName: TypeAlias = Annotated[str, Meta(max_length=MAX_EXPRESSION)]
LanguageTag: TypeAlias = Annotated[str, Meta(max_length=64)]

_UNHEARD = frozenset({"instructions"})
"""Fields of OpenAI's that no engine here acts on: accepted, and reported as ignored."""


def _limits(type_: Any) -> Iterator[Meta]:
    """The limits anywhere in an annotation, also those of a union's members."""
    for part in get_args(type_):
        if isinstance(part, Meta):
            yield part
        else:
            yield from _limits(part)


def _check(_instance: object, field: "Attribute[Any]", value: object) -> None:
    """Raise a `ValueError` whose words the strict converter completes with place and value."""
    for meta in _limits(field.type):
        if isinstance(value, int | float) and not _within(meta, value):
            raise ValueError(f"must be from {meta.ge:g} to {meta.le:g}")
        if isinstance(value, str) and meta.max_length is not None and len(value) > meta.max_length:
            raise ValueError(f"must have at most {meta.max_length} characters")


def _within(meta: Meta, value: float) -> bool:
    return meta.ge is None or meta.le is None or meta.ge <= value <= meta.le


def checked(_cls: type, fields: list["Attribute[Any]"]) -> list["Attribute[Any]"]:
    """Let attrs check the limits that the annotations state: what is documented is what is enforced.

    Required fields come first, also those of a class whose base has optional ones.
    """
    required_first = sorted(fields, key=lambda field: field.default is not NOTHING)
    return [field.evolve(validator=_check) for field in required_first]


@frozen(kw_only=True, field_transformer=checked)
class VoiceReference:
    """A voice as an object, the way OpenAI names custom voices."""

    id: Annotated[VoiceName, Meta(description="Name, alias or mix.", examples=["alloy"])]


def voice_name(voice: VoiceName | VoiceReference | None) -> str:
    """The voice's name, alias or mix; empty for the default voice."""
    return voice.id if isinstance(voice, VoiceReference) else voice or ""


@frozen(kw_only=True, field_transformer=checked)
class VoiceOptions:
    """Who is to speak, and how."""

    model: Annotated[
        str | None,
        Meta(description="A name of `GET /v1/models`; left out: the default engine.", examples=["kokoro"]),
    ] = None
    voice: Annotated[
        VoiceName | VoiceReference | None,
        Meta(
            description="A voice or alias of `GET /v1/audio/voices`, or a weighted mix such as "
            "`af_bella(2)+af_sky(1)`; left out: the default voice.",
            examples=["alloy"],
        ),
    ] = None
    speed: Annotated[Speed, Meta(description="1 is the voice's own rate.", examples=[1.25])] = 1.0
    volume_db: Annotated[
        VolumeDb, Meta(description="Gain of the whole utterance, in dB.", examples=[-6.0])
    ] = 0.0
    voice_aliases: Annotated[
        Mapping[str, str],
        Meta(
            description="Other names for voices or mixes, for this request only.",
            max_length=MAX_REQUEST_ALIASES,
            examples=[{"narrator": "af_bella(2)+af_sky(1)"}],
        ),
    ] = field(factory=dict)
    lexicon: LexiconField = None

    @property
    def voice_name(self) -> str:
        """The voice's name, alias or mix; empty for the default voice."""
        return voice_name(self.voice)


@frozen(kw_only=True, field_transformer=checked)
class AnswerOptions(VoiceOptions):
    """What every request for speech may say about its answer."""

    instructions: Annotated[
        str | None,
        Meta(description="Accepted for OpenAI's clients; no engine follows it, see `koe-ignored`."),
    ] = None
    response_format: Annotated[
        str | None,
        Meta(
            description="Container and codec of the audio; or `srt`, `vtt`, `json`: captions, which say when "
            "each word of that audio is heard, and no audio.",
            examples=["wav"],
        ),
    ] = None
    stream_format: Annotated[
        Literal["audio", "sse", "ndjson"],
        Meta(
            description="`audio`: the answer's body is the audio itself. `sse`: OpenAI's server-sent events. "
            "`ndjson`: the same as JSON objects, one a line."
        ),
    ] = "audio"
    stream: Annotated[
        bool,
        Meta(
            description="`true`: the audio leaves as it is made, in chunks. `false`: it leaves when all of "
            "it is there, with `content-length` and with headers that state the right length."
        ),
    ] = True
    sample_rate: Annotated[
        SampleRate | None,
        Meta(description="Of the audio, in Hz; left out: the engine's.", examples=[24_000]),
    ] = None
    bitrate: Annotated[
        Bitrate | None,
        Meta(
            description="Of the audio, in bit/s, for formats that have one; left out: the format's own.",
            examples=[64_000],
        ),
    ] = None
    timestamps: Annotated[
        Timestamps,
        Meta(
            description="When each word of `input` is heard, in events and captions. `word`: as the engine "
            "measured it (captions: the default). `estimate`: guessed where the engine does not time words."
        ),
    ] = "none"

    watermark: Annotated[
        bool,
        Meta(
            description="`false` asks for audio without a watermark, where one is embedded: refused with 403 "
            "unless the server allows it."
        ),
    ] = True
    cache: Annotated[
        CacheUse,
        Meta(
            description="`use`: what was spoken before need not be made again. `refresh`: all of it is made "
            "anew, and kept instead. `bypass`: it is made anew and not kept."
        ),
    ] = "use"

    @property
    def unheard(self) -> tuple[str, ...]:
        """The fields that were sent and understood, but that nothing here acts on."""
        return tuple(name for name in sorted(_UNHEARD) if getattr(self, name) is not None)


@frozen(kw_only=True, field_transformer=checked)
class SpeechBody(AnswerOptions):
    """What to say, and how. A field that is `null` counts as left out."""

    input: Annotated[str, Meta(description="The text to speak.", examples=["Hello there."], pattern=r"\S")]
    language: Annotated[
        LanguageTag | None, Meta(description="BCP 47 tag; left out: the voice's own.", examples=["en-GB"])
    ] = None
    markup: Annotated[str, Meta(description="How `input` is written.", examples=["text"])] = "text"
