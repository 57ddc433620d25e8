"""A speech as the HTTP answer that was asked for: audio, whole or as it is made, events, or captions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from attrs import evolve, frozen

from koe.errors import NothingToSpeakError
from koe.hooks import Speech
from koe.http.captions import CaptionFormat, Transcript
from koe.http.events import EventWriter, Framing
from koe.http.headers import (
    ACCEL_BUFFERING,
    CONTENT_DISPOSITION,
    ENGINE,
    FACT_PREFIX,
    IGNORED,
    SERVER_TIMING,
    TIMESTAMPS,
    VOICE,
    header_list,
    header_value,
    server_timing,
)
from koe.http.responses import AudioResponse
from koe.http.sse import kept_alive
from koe.http.words import OriginalMark, OriginalWord, OriginalWords, original_marks
from koe.types import Mode, SpeechPiece, SpeechRequest


@frozen
class AnswerForm:
    """What a client wants to get.

    Attributes:
        mode: how the audio is made; captions have the times of the audio made in the same mode.
        framing: of events; None for the audio itself.
        captions: a caption format instead of audio.
        ignored: the fields that had no effect.
    """

    mode: Mode = "stream"
    framing: Framing | None = None
    captions: CaptionFormat | None = None
    ignored: tuple[str, ...] = ()


async def answer(speech: Speech, request: SpeechRequest, form: AnswerForm) -> AudioResponse:
    """The response to `request`, once its first audio (or all of what is sent as a whole) exists.

    Raises:
        KoeError: nothing has been sent yet, so it can still be answered with its own status.
    """
    if form.captions is not None:
        return await _captions(speech, request, form, form.captions)
    if form.framing is not None:
        return await _events(speech, request, form, form.framing)
    return await (_streamed if form.mode == "stream" else _whole)(speech, form)


async def _streamed(speech: Speech, form: AnswerForm) -> AudioResponse:
    pieces = speech.encoded("stream")
    first = await _first(pieces)
    headers = {**_audio_headers(speech, form), ACCEL_BUFFERING: "no"}
    return AudioResponse(first, pieces, media_type=speech.format.media_type, headers=headers)


async def _whole(speech: Speech, form: AnswerForm) -> AudioResponse:
    made = speech.encoded("whole")
    async with aclosing(made):
        pieces = [await _first(made), *[piece async for piece in made]]
    headers = {**_audio_headers(speech, form), "content-length": str(sum(map(len, pieces)))}
    first = pieces.pop(0)
    return AudioResponse(first, _handed_out(pieces), media_type=speech.format.media_type, headers=headers)


async def _events(
    speech: Speech, request: SpeechRequest, form: AnswerForm, framing: Framing
) -> AudioResponse:
    pieces = speech.pieces(form.mode)
    writer = EventWriter(speech, request, framing)
    first = writer.piece(await _first_sounding(pieces))
    rest = writer.rest(pieces)
    if framing.keep_alive:
        rest = kept_alive(rest, framing.keep_alive)
    headers = {**_headers(speech, form), ACCEL_BUFFERING: "no"}
    return AudioResponse(first, rest, media_type=framing.media_type, headers=headers)


async def _captions(
    speech: Speech, request: SpeechRequest, form: AnswerForm, captions: CaptionFormat
) -> AudioResponse:
    transcript = await _transcript(speech, request, form.mode)
    body = await asyncio.to_thread(captions.render, transcript)
    headers = {
        **_headers(speech, form),
        CONTENT_DISPOSITION: _disposition(captions.extension),
        TIMESTAMPS: "estimate" if transcript.estimated else "word",
        "content-length": str(len(body)),
    }
    return AudioResponse(body, _handed_out([]), media_type=captions.media_type, headers=headers)


async def _transcript(speech: Speech, request: SpeechRequest, mode: Mode) -> Transcript:
    """Make all of the audio, and keep only when what is heard."""
    originals, estimated = OriginalWords(request.text, turns=request.turns), False
    words: list[OriginalWord] = []
    marks: list[OriginalMark] = []
    async with aclosing(speech.pieces(mode)) as pieces:
        async for piece in pieces:
            words += originals.feed(piece.words, goes_on=piece.goes_on)
            marks += original_marks(piece.marks)
            estimated = estimated or piece.estimated
    return Transcript(
        text=request.text,
        words=(*words, *originals.rest()),
        marks=tuple(marks),
        duration_s=speech.audio_s,
        engine=speech.engine,
        voice=speech.voice,
        estimated=estimated,
        markup=request.markup,
    )


async def _first(pieces: AsyncGenerator[bytes, None]) -> bytes:
    async for piece in pieces:
        if piece:
            return piece
    raise _silent()


async def _first_sounding(pieces: AsyncGenerator[SpeechPiece, None]) -> SpeechPiece:
    """The first piece with bytes, together with the words and marks of those before it."""
    before = SpeechPiece(b"")
    async for piece in pieces:
        words, marks = before.words + piece.words, before.marks + piece.marks
        before = evolve(piece, words=words, marks=marks, estimated=before.estimated or piece.estimated)
        if piece.data:
            return before
    raise _silent()


def _silent() -> NothingToSpeakError:
    return NothingToSpeakError("The text gave no audio; send at least one word", param="input")


async def _handed_out(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    """The pieces, each let go of once it is sent."""
    pieces.reverse()
    while pieces:
        yield pieces.pop()


def _audio_headers(speech: Speech, form: AnswerForm) -> Mapping[str, str]:
    return {**_headers(speech, form), CONTENT_DISPOSITION: _disposition(speech.format.extension)}


def _headers(speech: Speech, form: AnswerForm) -> dict[str, str]:
    headers = {ENGINE: header_value(speech.engine), VOICE: header_value(speech.voice)}
    if ignored := (*form.ignored, *sorted(speech.ignored)):
        headers[IGNORED] = header_list(ignored)
    headers |= {f"{FACT_PREFIX}{name}": header_value(said) for name, said in speech.facts.items()}
    if speech.stage_seconds:
        headers[SERVER_TIMING] = server_timing(speech.stage_seconds)
    return headers


def _disposition(extension: str) -> str:
    return f'inline; filename="speech.{extension}"'
