"""The synthesizer as the HTTP server sees it: a backend for the routes, a service for the process."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from koe.cache.answers import AnswerCache
from koe.hooks import Load, overrides
from koe.http import siblings
from koe.http.app import build_app
from koe.http.backend import Backend, Readiness, Stats
from koe.registry import PluginState, Registry
from koe.settings import Settings
from koe.stages import AudioFormat
from koe.synthesizer import Synthesizer
from koe.types import RefusedVoice, SpeechRequest
from koe.voices import ListedVoice


class SynthesizerBackend(Synthesizer, Backend):
    """A synthesizer that describes itself to the routes."""

    @property
    def workers(self) -> int:
        return self.settings.server.workers

    @property
    def worker(self) -> int:
        return siblings.number()

    @property
    def shared_folder(self) -> Path | None:
        return siblings.folder()

    def load(self) -> Load:
        now, draining = self.admission.stats(), self.admission.draining
        return Load(now.running, now.queued, self.sessions, draining, now.stalled)

    def models(self) -> Mapping[str, str]:
        return self._open().models

    def aliases(self, engine: str = "") -> Mapping[str, str]:
        return self.open_engine(engine).book.aliases

    def times_words(self, engine: str = "") -> bool:
        return self.open_engine(engine).engine.times_words

    def listed_voices(self, engine: str = "") -> Sequence[ListedVoice]:
        return tuple(self.open_engine(engine).book.listed())

    def refused_voices(self, engine: str = "") -> Sequence[RefusedVoice]:
        return self.open_engine(engine).engine.refused_voices()

    def formats(self) -> Mapping[str, AudioFormat]:
        return {name: owned.component for name, owned in self.registry.formats.items()}

    def markup_parsers(self) -> Sequence[str]:
        return tuple(self.registry.markup_parsers)

    def plugins(self) -> Sequence[PluginState]:
        return self.registry.states

    def check(self, request: SpeechRequest) -> None:
        self._validator().check(request, live=True)

    @property
    def answers(self) -> AnswerCache | None:
        ready = self.engine_set is not None and not self.admission.draining
        return self.kept_answers if ready else None

    async def drain_begun(self) -> None:
        await self.admission.drain_begun.wait()

    def readiness(self) -> Readiness:
        reasons = []
        if self.engine_set is None:
            reasons.append("the engine is not open")
        if self.admission.draining:
            reasons.append("the server is shutting down")
        engines = {} if self.engine_set is None else self.engine_set.engines
        states = {name: opened.residence.state for name, opened in engines.items()}
        return Readiness(not reasons, tuple(reasons), states)

    def stats(self) -> Stats:
        admission = self.admission.stats()
        return Stats(
            running=admission.running,
            queued=admission.queued,
            stalled=admission.stalled,
            completed=self.outcomes["completed"],
            failed=self.outcomes["failed"],
            cancelled=self.outcomes["cancelled"],
            refused=self.outcomes["refused"],
            load=round(self.order.load(), 3),
        )


class KoeService:
    """What `koe.http.serve` runs: the application, and its start, drain and stop."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.backend = SynthesizerBackend(registry, settings)
        self.app: ASGIApp = build_app(
            self.backend,
            routes=self._plugin_routes(),
            middleware=[owned.component for owned in registry.middleware],
        )

    async def start(self) -> None:
        await self.backend.start()

    def begin_drain(self) -> None:
        self.backend.admission.begin_drain()

    async def drained(self, timeout_s: float) -> bool:
        return await self.backend.admission.drained(timeout_s)

    def crowded(self) -> bool:
        return self.backend.admission.crowded

    async def stop(self) -> None:
        await self.backend.stop()

    def _plugin_routes(self) -> list[BaseRoute]:
        return [
            route
            for loaded in self.backend.registry.plugins
            if overrides(loaded.plugin, "register_routes")
            for route in loaded.plugin.register_routes(server=self.backend)
        ]
