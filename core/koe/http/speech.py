"""`POST /v1/audio/speech`: text in; encoded audio, events or captions out."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

from attrs import evolve, frozen
from starlette.types import Receive, Scope, Send

from koe.errors import (
    BodyTimeoutError,
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
from koe.http.answers import AnswerForm, answer
from koe.http.backend import Backend
from koe.http.bodies import read_json
from koe.http.captions import CAPTIONS, CaptionsView
from koe.http.endpoints import Endpoint, Handler
from koe.http.events import Framing
from koe.http.kept import Keeping, send_kept
from koe.http.lexicon_body import check_size, request_entries
from koe.http.middleware import caller, client, request_id
from koe.http.ndjson import NDJSON
from koe.http.responses import AudioResponse, run_until_disconnect
from koe.http.speech_body import AnswerOptions, SpeechBody, VoiceOptions
from koe.http.sse import SSE
from koe.spelling import suggestion
from koe.structure import structure_body
from koe.types import SpeechRequest

Options = TypeVar("Options", bound=AnswerOptions)

ERRORS = (
    InvalidRequestError,
    UnknownVoiceError,
    UnsupportedFormatError,
    UnsupportedLanguageError,
    NothingToSpeakError,
    TextTooLongError,
    UnknownModelError,
    BodyTimeoutError,
    BodyTooLargeError,
    UnsupportedMediaTypeError,
    StageError,
    OverloadedError,
    DrainingError,
    EngineUnavailableError,
)
"""What a speech request may be refused with."""

FRAMINGS: Mapping[str, Framing] = {"sse": SSE, "ndjson": NDJSON}
"""The values of `stream_format` whose answers are events."""


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    return (
        speech_endpoint(
            path="/v1/audio/speech",
            handler=SpeechApp(backend),
            summary="Speak a text",
            description="Answers with the encoded audio. It begins only when the first audio exists, so "
            "whatever can be refused is refused with a proper status; an answer that fails later breaks the "
            "connection off. With `stream_format` `sse` or `ndjson` it is a stream of events, with "
            f"`response_format` {', '.join(f'`{name}`' for name in CAPTIONS)} captions without audio. Fields "
            "that koe does not know are allowed and named in `koe-ignored`.",
            body=SpeechBody,
            example={"input": "Hello there.", "response_format": backend.settings.http.response_format},
        ),
    )


def speech_endpoint(
    *,
    path: str,
    handler: Handler,
    summary: str,
    description: str,
    body: type[AnswerOptions],
    example: Mapping[str, object],
) -> Endpoint:
    """An endpoint whose answers are those of `answer`."""
    return Endpoint(
        path=path,
        method="POST",
        handler=handler,
        tag="speech",
        summary=summary,
        description=description,
        body=body,
        example=example,
        events=tuple(FRAMINGS.values()),
        documents={one.media_type: CaptionsView if one.name == "json" else None for one in CAPTIONS.values()},
        errors=ERRORS,
        needs="speech",
    )


@frozen
class SpeechApp:
    """The ASGI application behind the route. A request's work stops as soon as its client leaves."""

    backend: Backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = await read_json(scope, receive, self.backend.settings.limits)
        body, ignored = parse_body(fields, SpeechBody)
        request = evolve(
            request_of(self.backend, body, body.input, scope),
            language=body.language,
            markup=body.markup,
        )
        await Answering(self.backend, request, answer_form(body, ignored))(scope, receive, send)


@frozen
class Answering:
    """One request for speech, answered as an ASGI application."""

    backend: Backend
    request: SpeechRequest
    form: AnswerForm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keeping = await self._keeping()
        if keeping is not None and self.request.cache == "use":
            kept = keeping.answers.find(keeping.key)
            if kept is not None:
                await send_kept(kept, send)
                self.backend.answered(self.request, kept)
                return
        async with AsyncExitStack() as stack:
            response = await run_until_disconnect(receive, self._begin(stack, keeping))
            await response(scope, receive, send)

    async def _keeping(self) -> Keeping | None:
        answers = self.backend.answers
        if answers is None or self.request.cache == "bypass":
            return None
        return await Keeping.of(answers, self.request, self.form)

    async def _begin(self, stack: AsyncExitStack, keeping: Keeping | None) -> AudioResponse:
        """Wait for a place, then for the first audio (or all of it). `stack` holds the place."""
        speech = await stack.enter_async_context(self.backend.speak(self.request))
        response = await answer(speech, self.request, self.form)
        if keeping is not None:
            keeping.record(response, speech)
        return response


def request_of(backend: Backend, options: AnswerOptions, text: str, scope: Scope) -> SpeechRequest:
    """The request for `text` with what all routes that speak have in common."""
    captions = options.response_format in CAPTIONS
    return evolve(
        voiced_request(backend, options, text, scope),
        format=_cheapest_format(backend) if captions else _format(backend, options),
        sample_rate=None if captions else options.sample_rate,
        bitrate=None if captions else options.bitrate,
        timestamps="word" if captions and options.timestamps == "none" else options.timestamps,
        watermark=options.watermark,
        cache=options.cache,
        played=options.stream and not captions,
    )


def voiced_request(backend: Backend, options: VoiceOptions, text: str, scope: Scope) -> SpeechRequest:
    """The request for `text` with what its options say about voice and engine."""
    return SpeechRequest(
        text=text,
        voice=options.voice_name,
        speed=options.speed,
        engine=engine_of(backend, options.model),
        volume_db=options.volume_db,
        request_id=request_id(scope),
        voice_aliases=options.voice_aliases,
        lexicon=request_entries(options.lexicon),
        caller=caller(scope),
        client=client(scope),
    )


def _format(backend: Backend, options: AnswerOptions) -> str:
    return options.response_format or backend.settings.http.response_format


def _cheapest_format(backend: Backend) -> str:
    """What audio that nobody hears is encoded in."""
    formats = backend.formats()
    lossless = (name for name, one in formats.items() if one.lossless)
    return next(lossless, next(iter(formats), ""))


def answer_form(body: AnswerOptions, ignored: tuple[str, ...]) -> AnswerForm:
    """What the body asks to get. Raises `InvalidRequestError` for what contradicts itself."""
    captions = CAPTIONS.get(body.response_format or "")
    if captions is not None and body.stream_format != "audio":
        raise InvalidRequestError(
            f"response_format {captions.name!r} gives captions without audio, which are no events; leave "
            f"stream_format out, or choose an audio format",
            param="stream_format",
        )
    if captions is None and body.timestamps != "none" and body.stream_format == "audio":
        raise InvalidRequestError(
            "An answer that is the audio itself has no room for timestamps; ask for stream_format "
            f'"sse" or "ndjson", or for response_format {", ".join(CAPTIONS)}',
            param="timestamps",
        )
    if body.stream_format != "audio" and not body.stream:
        raise InvalidRequestError(
            f'stream_format {body.stream_format!r} is a stream; leave "stream": false out, or choose '
            'stream_format "audio"',
            param="stream",
        )
    unused = ("sample_rate", "bitrate") if captions is not None else ()
    return AnswerForm(
        mode="stream" if body.stream else "whole",
        framing=FRAMINGS.get(body.stream_format),
        captions=captions,
        ignored=(*ignored, *(name for name in unused if getattr(body, name) is not None)),
    )


def parse_body(fields: Mapping[str, object], cls: type[Options]) -> tuple[Options, tuple[str, ...]]:
    """The body, and the names of the fields that have no effect. Raises `InvalidRequestError`."""
    given = {name: value for name, value in fields.items() if value is not None}
    check_size(given)
    body, unknown = structure_body(given, cls, allow_unknown=True)
    return body, (*body.unheard, *unknown)


def engine_of(backend: Backend, model: str | None) -> str:
    """The engine behind a model name; empty, which stands for the default one, where none was sent.

    Raises:
        UnknownModelError: no such model.
    """
    return engine_named(backend, model) if model else ""


def engine_named(backend: Backend, model: str) -> str:
    """The engine behind a listed model name. Raises `UnknownModelError` for any other."""
    models = backend.models()
    if model not in models:
        raise UnknownModelError(
            f"No model {model!r:.100}; {suggestion(model, models)} (listed by GET /v1/models)", param="model"
        )
    return models[model]
