"""A backend without engines: it says what it is told to, so that tests see the HTTP layer alone."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import attrs
from attrs import define, field
from hypercorn.asyncio import serve
from hypercorn.config import Config
from koe.errors import NothingToSpeakError, TextTooLongError, UnsupportedFormatError
from koe.hooks import Speech
from koe.http.backend import Backend, Readiness, Stats
from koe.inspection import By, Inspection
from koe.registry import PluginState
from koe.settings import LimitsSettings, Settings
from koe.stages import AudioFormat, Encoder
from koe.types import AudioChunk, EngineInfo, Mode, SpeechPiece, SpeechRequest, Stage, StreamInfo, Voice
from starlette.applications import Starlette


class FakeFormat(AudioFormat):
    def __init__(self, name: str, media_type: str) -> None:
        self.name = name
        vars(self).update(extension=name, media_type=media_type)

    def open(self, info: StreamInfo) -> Encoder:
        raise NotImplementedError


FORMATS = {
    "mp3": FakeFormat("mp3", "audio/mpeg"),
    "wav": FakeFormat("wav", "audio/wav"),
    "pcm": FakeFormat("pcm", "audio/pcm"),
}


@define(eq=False)
class FakeSpeech(Speech):
    """Speaks the backend's pieces. Says how it was iterated and whether it was closed."""

    backend: "FakeBackend"
    request: SpeechRequest
    engine: str = "fake"
    voice: str = "af_heart"
    sample_rate: int = 24_000
    format: AudioFormat = field(factory=lambda: FORMATS["mp3"])
    stage_seconds: Mapping[str, float] = field(factory=dict)
    audio_s: float = 1.5
    mode: Mode | None = None
    sent: int = 0
    closed: bool = False

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        raise NotImplementedError
        yield

    async def pieces(self, mode: Mode = "stream") -> AsyncGenerator[SpeechPiece, None]:
        self.mode = mode
        try:
            await self.backend.first_gate.wait()
            for piece in self.backend.pieces:
                if isinstance(piece, Exception):
                    raise piece
                self.sent += 1
                yield piece if isinstance(piece, SpeechPiece) else SpeechPiece(piece)
                await self.backend.gate.wait()
        finally:
            self.closed = True


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@define(eq=False)
class FakeBackend(Backend):
    """`pieces` are what every request gets; an exception among them is raised in its place.

    `first_gate` holds the first piece back, `gate` those after it.
    """

    settings: Settings = field(factory=Settings)
    pieces: Sequence[bytes | SpeechPiece | Exception] = (b"first", b"second", b"third")
    refusal: Exception | None = None
    ready: Readiness = field(factory=lambda: Readiness(ready=True))
    counts: Stats = field(factory=lambda: Stats(1, 2, 3, 4, 5, 6, 0.5, 1))
    states: Sequence[PluginState] = (PluginState("text", "active", "koe", "0.1.0"),)
    first_gate: asyncio.Event = field(factory=_open_gate)
    gate: asyncio.Event = field(factory=_open_gate)
    speeches: list[FakeSpeech] = field(factory=list)
    left: int = 0
    stage_seconds: Mapping[str, float] = field(factory=lambda: {"infer": 0.0123, "encode": 0.001})
    refused: int = 0

    @property
    def last(self) -> FakeSpeech:
        return self.speeches[-1]

    @asynccontextmanager
    async def speak(
        self, request: SpeechRequest, texts: AsyncIterator[str] | None = None
    ) -> AsyncIterator[Speech]:
        if self.refusal is not None:
            self.refused += 1
            raise self.refusal
        limit = self.settings.limits.max_characters
        if len(request.text) > limit:
            raise TextTooLongError(f"The text is longer than {limit} characters", param="input")
        if not request.text.strip():
            raise NothingToSpeakError("The text is empty", param="input")
        if request.format not in FORMATS:
            raise UnsupportedFormatError(f"Unknown format {request.format!r}", param="response_format")
        voice = request.voice or "af_heart"
        speech = FakeSpeech(self, request, voice=voice, format=FORMATS[request.format])
        speech.stage_seconds = self.stage_seconds
        self.speeches.append(speech)
        try:
            yield speech
        finally:
            self.left += 1

    def engines(self) -> Sequence[EngineInfo]:
        return [
            EngineInfo("fake", 24_000, "fake.onnx", "fp32", "CPUExecutionProvider", {"threads": 2}),
            EngineInfo("other", 22_050),
        ]

    def voices(self, engine: str = "") -> Sequence[Voice]:
        if engine == "other":
            return [Voice("en", "en-GB"), Voice("de", "de")]
        return [Voice("af_heart", "en-US", "female", "A"), Voice("af_bella", "en-US", "female", "A-")]

    def models(self) -> Mapping[str, str]:
        return {"kokoro": "fake", "tts-1": "fake", "org/other": "other"}

    def aliases(self, engine: str = "") -> Mapping[str, str]:
        return {} if engine == "other" else {"alloy": "af_heart", "af_bella": "af_heart"}

    def times_words(self, engine: str = "") -> bool:
        return engine != "other"

    def formats(self) -> Mapping[str, AudioFormat]:
        return FORMATS

    def markup_parsers(self) -> Sequence[str]:
        return ["text"]

    async def inspect(self, request: SpeechRequest) -> Inspection:
        by = By(Stage.MARKUP, request.markup, "text")
        return Inspection(request.text, by, "fake", "fakes", "phonemes", "af_heart", "en-US", ())

    def plugins(self) -> Sequence[PluginState]:
        return self.states

    def check(self, request: SpeechRequest) -> None:
        if self.refusal is not None:
            raise self.refusal

    async def drain_begun(self) -> None:
        await asyncio.Event().wait()

    def readiness(self) -> Readiness:
        return self.ready

    def stats(self) -> Stats:
        return self.counts


def limited(**limits: int) -> Settings:
    """Settings with these `[limits]`."""
    return Settings(limits=attrs.evolve(LimitsSettings(), **limits))


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """The app behind a real hypercorn socket; yields its base URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = config.errorlog = None
    stop = asyncio.Event()
    task = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        await task
        with suppress(OSError):
            listener.close()
