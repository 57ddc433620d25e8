"""From `synthesize` and `synthesize-start` to speech requests."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from koe.api import InvalidRequestError, Server, SpeechRequest, UnsupportedLanguageError, Voice
from wyoming.event import Event

from koe_wyoming.errors import BadEventError, shown

_MARKUPS = ("text", "ssml")


def speech_request(event: Event, server: Server, text: str = "") -> SpeechRequest:
    """What the event asks for; `text` is empty where it is still to come.

    A voice is chosen by its name (or alias, or mix), else by its language, else by koe's config.

    Raises:
        BadEventError: a field has the wrong type.
        InvalidRequestError: no voice speaks the language; the voice is to have a speaker; the text
            format is unknown.
    """
    voice = _voice(event)
    name = string(voice, "name", "voice.name")
    speaker = string(voice, "speaker", "voice.speaker")
    language = string(voice, "language", "voice.language")
    if speaker:
        raise InvalidRequestError(
            f"koe's voices have no speakers, so there is no speaker {shown(speaker)}; leave it out",
            param="voice.speaker",
        )
    if not name and language:
        name = voice_of_language(server.voices(), language).name
    return SpeechRequest(text=text, voice=name, markup=_markup(event), request_id=uuid.uuid4().hex)


def required_text(event: Event) -> str:
    """The event's `text`. Raises `BadEventError` where there is none."""
    if "text" not in event.data:
        raise BadEventError(f"{event.type} needs a text")
    return string(event.data, "text", "text")


def voice_of_language(voices: Sequence[Voice], language: str) -> Voice:
    """The first voice of exactly that language, else of its primary language (`en` for `en-AU`).

    Raises:
        UnsupportedLanguageError: there is neither.
    """
    wanted = language.replace("_", "-").lower()
    primary = wanted.partition("-")[0]
    exact = (voice for voice in voices if voice.language.lower() == wanted)
    near = (voice for voice in voices if voice.language.partition("-")[0].lower() == primary)
    voice = next(exact, None) or next(near, None)
    if voice is None:
        known = ", ".join(sorted({one.language for one in voices}))
        raise UnsupportedLanguageError(
            f"No voice speaks {shown(language)}; the engine's voices speak {known}", param="voice.language"
        )
    return voice


def string(data: Mapping[str, Any], key: str, shown_key: str) -> str:
    """A string of the event's data; empty where it is missing."""
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEventError(f"{shown_key} must be a string, not {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadEventError(
            f"{shown_key} holds half of a surrogate pair (character {error.start}), which is no text"
        ) from None
    return value


def _markup(event: Event) -> str:
    text_format = string(event.data, "text_format", "text_format") or _MARKUPS[0]
    if text_format not in _MARKUPS:
        raise InvalidRequestError(
            f"Unknown text_format {shown(text_format)}; known are {' and '.join(_MARKUPS)}",
            param="text_format",
        )
    return text_format


def _voice(event: Event) -> Mapping[str, Any]:
    voice = event.data.get("voice")
    if voice is None:
        return {}
    if not isinstance(voice, dict):
        raise BadEventError(f"voice must be an object, not {shown(voice)}")
    return voice
