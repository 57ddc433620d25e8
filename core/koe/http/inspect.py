"""`POST /v1/text/inspect`: what koe makes of a text, step by step, without speaking it."""

from typing import Annotated

from attrs import evolve, frozen
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from koe.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    InvalidRequestError,
    NothingToSpeakError,
    StageError,
    TextTooLongError,
    UnknownModelError,
    UnknownVoiceError,
    UnsupportedLanguageError,
    UnsupportedMediaTypeError,
)
from koe.http.backend import Backend
from koe.http.bodies import read_json
from koe.http.endpoints import Endpoint, json_answer
from koe.http.headers import IGNORED, header_list
from koe.http.lexicon_body import check_size
from koe.http.speech import voiced_request
from koe.http.speech_body import LanguageTag, VoiceOptions, checked
from koe.inspection import MAX_CHARACTERS, Inspection
from koe.structure import structure_body

PATH = "/v1/text/inspect"
ERRORS = (
    InvalidRequestError,
    UnknownVoiceError,
    UnsupportedLanguageError,
    NothingToSpeakError,
    TextTooLongError,
    UnknownModelError,
    BodyTimeoutError,
    BodyTooLargeError,
    UnsupportedMediaTypeError,
    StageError,
)


@frozen(kw_only=True, field_transformer=checked)
class InspectBody(VoiceOptions):
    """A text, and how it would be spoken. A field that is `null` counts as left out."""

    input: Annotated[
        str,
        Meta(
            description="The text.",
            examples=["Hello there."],
            pattern=r"\S",
            extra_json_schema={"maxLength": MAX_CHARACTERS},
        ),
    ]
    language: Annotated[
        LanguageTag | None, Meta(description="BCP 47 tag; left out: the voice's own.", examples=["en-GB"])
    ] = None
    markup: Annotated[str, Meta(description="How `input` is written.", examples=["text"])] = "text"


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            path=PATH,
            method="POST",
            handler=Inspecting(backend).inspect,
            tag="text",
            summary="See what becomes of a text",
            description="The parts of the markup, what each normalizer made of them, and the segments with "
            "words and phonemes as the engine would get them for a whole answer; every text with the user's "
            f"characters behind it. Nothing is spoken. Up to {MAX_CHARACTERS} characters. Takes the body of "
            "a speech request; the fields that only concern audio are named in `koe-ignored`.",
            answer=Inspection,
            body=InspectBody,
            example={"input": "Dr. Smith paid 3 pounds."},
            errors=ERRORS,
            needs="speech",
        ),
    )


@frozen
class Inspecting:
    """What the route is called with."""

    backend: Backend

    async def inspect(self, request: Request) -> Response:
        fields = await read_json(request.scope, request.receive, self.backend.settings.limits)
        given = {name: value for name, value in fields.items() if value is not None}
        check_size(given)
        body, unknown = structure_body(given, InspectBody, allow_unknown=True)
        asked = voiced_request(self.backend, body, body.input, request.scope)
        found = await self.backend.inspect(evolve(asked, language=body.language, markup=body.markup))
        response = json_answer(found)
        if unknown:
            response.headers[IGNORED] = header_list(unknown)
        return response
