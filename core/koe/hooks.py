"""What a plugin can hook into: the specification and the typed base are one class."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

import pluggy
from attrs import field, frozen
from cyclopts import App
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from koe.cache_report import CacheReport
from koe.stages import (
    AudioFormat,
    AudioProcessor,
    CacheBackend,
    Engine,
    ExecutionProvider,
    MarkupParser,
    Normalizer,
    Phonemizer,
)
from koe.types import AudioChunk, EngineInfo, Mode, ModelState, SpeechPiece, SpeechRequest, Voice

PROJECT = "koe"
ENTRY_POINT_GROUP = "koe.v1"
"""The hook API's major version. It changes only when plugins must change."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a method of a plugin that overrides a hook; without it, the hook is a mistake and not called."""
hookspec = pluggy.HookspecMarker(PROJECT)


@frozen
class SegmentSynthesized:
    """One segment became audio.

    Attributes:
        index: of the segment within its utterance, from 0.
        text: the normalized text that was spoken.
        phonemes: the phoneme string; empty for engines that accept text.
        unknown_symbols: phoneme symbols outside the engine's vocabulary, which were not spoken.
        audio_s: seconds of audio made.
        wait_s: seconds spent waiting for an inference thread.
        infer_s: seconds of inference.
        cached: no inference was run for it: its audio was in the cache, or was being made for an equal one.
    """

    request_id: str
    index: int
    engine: str
    voice: str
    language: str
    text: str
    phonemes: str
    unknown_symbols: tuple[str, ...]
    audio_s: float
    wait_s: float
    infer_s: float
    cached: bool = False


Outcome: TypeAlias = Literal["completed", "failed", "cancelled", "refused"]


@frozen
class RequestFinished:
    """A request has ended.

    Attributes:
        outcome: `completed`: everything was made and handed over; `failed`: an error ended it;
            `cancelled`: the caller left; `refused`: it was not admitted.
        audio_s: seconds of audio made.
        first_audio_s: seconds from the request to its first encoded audio; None when there was none.
        total_s: seconds from the request to its end.
        stages: seconds of work in each stage; stages overlap, and segments may be made at the same time.
        shares: what `total_s` went to: the same stages and `queue`, `input`, `wait`, `load`, `deliver` and
            `other` (see `Share`). An instant counts once, so they add up to `total_s`.
        plugins: seconds of work by plugin and stage.
        timeline: when each stage, `input`, `wait` and `load` first began and last ended, in seconds from the
            request on.
        wait_s: seconds that segments waited for an inference thread, added up.
        cached: the whole answer was kept from an equal request; nothing was made.
        caller: the name of the API key that asked; empty where nobody was authenticated.
        client: the address that asked; empty where it is unknown.
    """

    request_id: str
    outcome: Outcome
    engine: str
    voice: str
    format: str
    characters: int
    segments: int
    audio_s: float
    first_audio_s: float | None
    total_s: float
    error: str | None = None
    stages: Mapping[str, float] = field(factory=dict)
    cached: bool = False
    caller: str = ""
    client: str = ""
    shares: Mapping[str, float] = field(factory=dict)
    plugins: Mapping[tuple[str, str], float] = field(factory=dict)
    timeline: Mapping[str, tuple[float, float]] = field(factory=dict)
    wait_s: float = 0.0


@frozen
class Load:
    """What a server process works on now.

    Attributes:
        running: requests that were admitted.
        queued: requests that wait to be.
        sessions: streaming WebSockets that are open.
        draining: whether it takes no more.
        stalled: of those running, how many wait for their clients to go on taking their answers.
    """

    running: int = 0
    queued: int = 0
    sessions: int = 0
    draining: bool = False
    stalled: int = 0


class Speech(ABC):
    """One admitted request whose audio is being made. One of its iterators is used, once.

    Attributes:
        engine: name of the engine that speaks.
        voice: the resolved voice or mix.
        sample_rate: of the chunks, in Hz.
        format: the response format that `encoded` makes.
        stage_seconds: seconds spent in each stage so far.
        audio_s: seconds of audio made so far, as they will be heard.
        ignored: what the markup asks for and the engine cannot do, such as `phonemes`; complete once the
            first audio exists.
        facts: what the audio processors say of their work, such as `{"watermark": "yes"}`, and, as `cache`,
            how much of the audio came from the cache; complete once the first audio exists.
        repeatable: whether an equal request may be answered with the same bytes; known once all audio is
            made.
    """

    engine: str
    voice: str
    sample_rate: int
    format: AudioFormat
    stage_seconds: Mapping[str, float]
    audio_s: float
    ignored: Collection[str] = ()
    facts: Mapping[str, str] = MappingProxyType({})
    repeatable: bool = False

    @abstractmethod
    def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        """The audio after postprocessing, in order. Close the iterator to stop the work."""

    @abstractmethod
    def pieces(self, mode: Mode = "stream") -> AsyncGenerator[SpeechPiece, None]:
        """The same, encoded in the request's format, together with word timings and marks."""

    async def encoded(self, mode: Mode = "stream") -> AsyncGenerator[bytes, None]:
        """The encoded bytes alone; none come before the first audio exists.

        With mode `whole` the pieces are to be joined before anybody reads them (see `StreamInfo.mode`).
        """
        async with aclosing(self.pieces(mode)) as made:
            async for piece in made:
                if piece.data:
                    yield piece.data


class Server(ABC):
    """What a plugin may ask of the running server."""

    @abstractmethod
    def speak(
        self, request: SpeechRequest, texts: AsyncIterator[str] | None = None
    ) -> AbstractAsyncContextManager[Speech]:
        """Validate and admit a request; leaving the block stops its work.

        With `texts`, the text comes in pieces (`request.text` is empty), each of which is planned on its
        own as soon as it is there: cut them where sentences or clauses end. Source spans point into all of
        them joined.

        Raises:
            InvalidRequestError: a field of the request is wrong.
            OverloadedError: there is no room.
        """

    @property
    def workers(self) -> int:
        """How many processes serve with this config, this one among them.

        0 in commands such as `koe say`, which serve nobody: listeners have no place there.
        """
        return 0

    @property
    def worker(self) -> int:
        """Which of them this process is, from 0. One that replaces a dead one has its number."""
        return 0

    @property
    def shared_folder(self) -> Path | None:
        """An empty folder that these processes share, gone when the last has ended; None for one process."""
        return None

    def load(self) -> Load:
        """What this process works on now."""
        return Load()

    @abstractmethod
    def engines(self) -> Sequence[EngineInfo]:
        """The open engines, the default first."""

    @abstractmethod
    def voices(self, engine: str = "") -> Sequence[Voice]:
        """The voices of one open engine (the default one for an empty name)."""

    def model_state(self, engine: str = "") -> ModelState:  # noqa: ARG002 - the default lets go of nothing
        """Whether this process has the model of one open engine in memory (`engine.unload_after_s`)."""
        return "loaded"

    async def cache_report(self) -> CacheReport:
        """What is cached, and how often it helped in this process."""
        return CacheReport()

    async def clear_cache(self) -> None:  # noqa: B027 - there may be none
        """Forget everything that is cached, in every tier, for all processes that share one.

        Raises:
            KoeError: a tier could not be cleared.
        """


class Plugin:
    """Base of every plugin.

    `Config` is a frozen attrs class that describes `[plugins.<name>]`, or None for a plugin without
    settings; an instance of it is handed to `__init__`. Hooks that are not overridden are not registered.
    """

    Config: ClassVar[type[Any] | None] = None

    def __init__(self, config: Any = None) -> None:
        self.config = config

    @hookspec
    def register_markup_parsers(self) -> Iterable[MarkupParser]:  # type: ignore[empty-body]
        """Return parsers for values of the request's `markup`."""

    @hookspec
    def register_normalizers(self) -> Iterable[Normalizer]:  # type: ignore[empty-body]
        """Return normalizers for `pipeline.normalize`."""

    @hookspec
    def register_phonemizers(self) -> Iterable[Phonemizer]:  # type: ignore[empty-body]
        """Return phonemizers for `pipeline.phonemize`."""

    @hookspec
    def register_engines(self) -> Iterable[Engine]:  # type: ignore[empty-body]
        """Return engines for `engine.default`. Loading waits for `Engine.open`."""

    @hookspec
    def register_execution_providers(self) -> Iterable[ExecutionProvider]:  # type: ignore[empty-body]
        """Return execution providers for `inference.providers`."""

    @hookspec
    def register_audio_processors(self) -> Iterable[AudioProcessor]:  # type: ignore[empty-body]
        """Return processors for `pipeline.postprocess`."""

    @hookspec
    def register_formats(self) -> Iterable[AudioFormat]:  # type: ignore[empty-body]
        """Return response formats."""

    @hookspec
    def register_cache_backends(self) -> Iterable[CacheBackend]:  # type: ignore[empty-body]
        """Return cache backends for `cache.tiers`."""

    @hookspec
    def register_middleware(self) -> Iterable[Middleware]:  # type: ignore[empty-body]
        """Return Starlette middleware, outermost first."""

    @hookspec
    def register_routes(self, server: Server) -> Iterable[BaseRoute]:  # type: ignore[empty-body]
        """Return Starlette routes. Two routes on one path and method are an error."""

    @hookspec
    def register_commands(self) -> Iterable[App]:  # type: ignore[empty-body]
        """Return cyclopts apps that become sub-commands of `koe`."""

    @hookspec
    def lifespan(self, server: Server) -> AbstractAsyncContextManager[None]:  # type: ignore[empty-body]
        """Return a context that is entered before the server is ready and left after it has drained."""

    @hookspec
    def segment_synthesized(self, event: SegmentSynthesized) -> None:
        """Watch a segment that became audio. Called on the event loop: return at once."""

    @hookspec
    def request_finished(self, event: RequestFinished) -> None:
        """Watch a request that has ended. Called on the event loop: return at once."""


def overrides(plugin: Plugin, hook: str) -> bool:
    """Whether the plugin's class has its own version of `hook`."""
    return getattr(type(plugin), hook) is not getattr(Plugin, hook)
