"""`POST /v1/audio/speech`: text in, encoded audio out, whole or as it is made."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing

from attrs import frozen
from starlette.types import Receive, Scope, Send

from koe.errors import (
    BodyTooLargeError,
    DrainingError,
    EngineUnavailableError,
    InvalidRequestError,
    NothingToSpeakError,
    OverloadedError,
    StageError,
    TextTooLongError,
    UnknownModelError,
    UnknownVoiceError,
    UnsupportedFormatError,
    UnsupportedLanguageError,
    UnsupportedMediaTypeError,
)
from koe.hooks import Speech
from koe.http.backend import Backend
from koe.http.bodies import read_json
from koe.http.endpoints import Endpoint
from koe.http.headers import (
    ACCEL_BUFFERING,
    CONTENT_DISPOSITION,
    ENGINE,
    IGNORED,
    SERVER_TIMING,
    VOICE,
    header_list,
    header_value,
    server_timing,
)
from koe.http.middleware import request_id
from koe.http.responses import AudioResponse, run_until_disconnect
from koe.http.speech_body import SpeechBody
from koe.spelling import suggestion
from koe.structure import structure_body
from koe.types import SpeechRequest

ERRORS = (
    InvalidRequestError,
    UnknownVoiceError,
    UnsupportedFormatError,
    UnsupportedLanguageError,
    NothingToSpeakError,
    TextTooLongError,
    UnknownModelError,
    BodyTooLargeError,
    UnsupportedMediaTypeError,
    StageError,
    OverloadedError,
    DrainingError,
    EngineUnavailableError,
)
"""What a speech request may be refused with."""


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            path="/v1/audio/speech",
            method="POST",
            handler=SpeechApp(backend),
            tag="speech",
            summary="Speak a text",
            description="Answers with the encoded audio. It begins only when the first audio exists, so "
            "whatever can be refused is refused with a proper status; an answer that fails later breaks the "
            "connection off. Fields that koe does not know are allowed and named in `koe-ignored`.",
            body=SpeechBody,
            example={"input": "Hello there.", "response_format": backend.settings.http.response_format},
            errors=ERRORS,
        ),
    )


@frozen
class SpeechApp:
    """The ASGI application behind the route. A request's work stops as soon as its client leaves."""

    backend: Backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = await read_json(scope, receive, self.backend.settings.limits.max_body_bytes)
        body, ignored = parse_speech_body(fields)
        request = self._request(body, request_id(scope))
        async with AsyncExitStack() as stack:
            response = await run_until_disconnect(receive, self._begin(stack, request, body, ignored))
            await response(scope, receive, send)

    def _request(self, body: SpeechBody, identifier: str) -> SpeechRequest:
        return SpeechRequest(
            text=body.input,
            voice=body.voice_name,
            language=body.language,
            speed=body.speed,
            format=body.response_format or self.backend.settings.http.response_format,
            sample_rate=body.sample_rate,
            bitrate=body.bitrate,
            markup=body.markup,
            engine=engine_of(self.backend, body.model),
            volume_db=body.volume_db,
            request_id=identifier,
        )

    async def _begin(
        self, stack: AsyncExitStack, request: SpeechRequest, body: SpeechBody, ignored: tuple[str, ...]
    ) -> AudioResponse:
        """Wait for a place, then for the first audio (or all of it). `stack` holds the place."""
        speech = await stack.enter_async_context(self.backend.speak(request))
        if body.stream:
            return await _streamed(speech, ignored)
        return await _whole(speech, ignored)


def parse_speech_body(fields: Mapping[str, object]) -> tuple[SpeechBody, tuple[str, ...]]:
    """The body, and the names of the fields that have no effect. Raises `InvalidRequestError`."""
    given = {name: value for name, value in fields.items() if value is not None}
    body, unknown = structure_body(given, SpeechBody, allow_unknown=True)
    return body, (*body.unheard, *unknown)


def engine_of(backend: Backend, model: str | None) -> str:
    """The engine behind a model name; empty, which stands for the default one, where none was sent.

    Raises:
        UnknownModelError: no such model.
    """
    if not model:
        return ""
    models = backend.models()
    if model not in models:
        raise UnknownModelError(
            f"No model {model!r:.100}; {suggestion(model, models)} (listed by GET /v1/models)", param="model"
        )
    return models[model]


async def _streamed(speech: Speech, ignored: tuple[str, ...]) -> AudioResponse:
    pieces = speech.encoded("stream")
    first = await _first(pieces)
    headers = {**_headers(speech, ignored), ACCEL_BUFFERING: "no"}
    return AudioResponse(first, pieces, media_type=speech.format.media_type, headers=headers)


async def _whole(speech: Speech, ignored: tuple[str, ...]) -> AudioResponse:
    made = speech.encoded("whole")
    async with aclosing(made):
        pieces = [await _first(made), *[piece async for piece in made]]
    headers = {**_headers(speech, ignored), "content-length": str(sum(map(len, pieces)))}
    first = pieces.pop(0)
    return AudioResponse(first, _handed_out(pieces), media_type=speech.format.media_type, headers=headers)


async def _first(pieces: AsyncGenerator[bytes, None]) -> bytes:
    async for piece in pieces:
        if piece:
            return piece
    raise NothingToSpeakError("The text gave no audio; send at least one word", param="input")


async def _handed_out(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    """The pieces, each let go of once it is sent."""
    pieces.reverse()
    while pieces:
        yield pieces.pop()


def _headers(speech: Speech, ignored: tuple[str, ...]) -> dict[str, str]:
    headers = {
        ENGINE: header_value(speech.engine),
        VOICE: header_value(speech.voice),
        CONTENT_DISPOSITION: f'inline; filename="speech.{speech.format.extension}"',
    }
    if ignored:
        headers[IGNORED] = header_list(ignored)
    if speech.stage_seconds:
        headers[SERVER_TIMING] = server_timing(speech.stage_seconds)
    return headers
