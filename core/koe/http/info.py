"""What the server is and how it is: listings, capabilities, health."""

import time
from typing import Literal

from attrs import define, field
from starlette.requests import Request
from starlette.responses import Response

from koe import __version__
from koe.errors import UnknownModelError
from koe.http.backend import Backend
from koe.http.captions import CAPTIONS
from koe.http.endpoints import Endpoint, Parameter, json_answer
from koe.http.speech import FRAMINGS, engine_named, engine_of
from koe.http.views import (
    AudioModelsView,
    AudioModelView,
    CapabilitiesView,
    CaptionFormatView,
    EngineView,
    FormatView,
    HealthView,
    LimitsView,
    LiveView,
    ModelsView,
    ModelView,
    PluginView,
    ReadyView,
    RefusedVoiceView,
    RequestsView,
    RootView,
    StatusView,
    VoicesView,
    VoiceView,
)
from koe.stages import AudioFormat
from koe.types import EngineInfo
from koe.voices import ListedVoice


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    info = Info(backend)
    return (*_listings(info), *_health(info), *_entrances(info))


def _listings(info: "Info") -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            "/v1/models",
            info.models,
            "listings",
            "The models that may be asked for",
            answer=ModelsView,
        ),
        Endpoint(
            "/v1/models/{id:path}",
            info.model,
            "listings",
            "One of them",
            answer=ModelView,
            parameters=(Parameter("id", "path", "A listed id."),),
            errors=(UnknownModelError,),
        ),
        Endpoint(
            "/v1/audio/models",
            info.audio_models,
            "listings",
            "The same names in the shape that Open WebUI reads",
            answer=AudioModelsView,
        ),
        Endpoint(
            "/v1/audio/voices",
            info.voices,
            "listings",
            "The voices, the default first, their aliases and saved mixes",
            answer=VoicesView,
            parameters=(Parameter("model", "query", "Whose voices; left out: the default engine's."),),
            errors=(UnknownModelError,),
        ),
        Endpoint(
            "/v1/capabilities",
            info.capabilities,
            "listings",
            "Engines and what they really run on, formats, languages, plugins, limits",
            answer=CapabilitiesView,
        ),
    )


def _health(info: "Info") -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            "/health",
            info.health,
            "health",
            "A summary; 200 as long as the process answers",
            answer=HealthView,
        ),
        Endpoint("/health/live", info.live, "health", "Whether the process answers", answer=LiveView),
        Endpoint(
            "/health/ready",
            info.ready,
            "health",
            "Whether new work is welcome: 200, or 503 with the reasons",
            answer=ReadyView,
            unready=ReadyView,
        ),
        Endpoint(
            "/status", info.status, "health", "Requests, engines and plugins in detail", answer=StatusView
        ),
    )


def _entrances(info: "Info") -> tuple[Endpoint, ...]:
    summary = "Where to go from here; cheap, for clients that warm their connection up"
    return tuple(
        Endpoint(path, info.root, "health", summary, answer=RootView) for path in ("/", "/v1", "/v1/")
    )


@define(eq=False)
class Info:
    """The handlers. Each asks the backend anew, so that answers are never out of date."""

    backend: Backend
    _started: float = field(factory=time.time, init=False)
    _started_monotonic: float = field(factory=time.monotonic, init=False)

    async def root(self, _request: Request) -> Response:
        docs = self.backend.settings.http.docs
        paths = {"docs": "/docs" if docs else None, "openapi": "/openapi.json" if docs else None}
        return json_answer(RootView("koe", __version__, "/v1/audio/speech", **paths))

    async def models(self, _request: Request) -> Response:
        return json_answer(
            ModelsView(tuple(self._model(*listed) for listed in self.backend.models().items()))
        )

    async def model(self, request: Request) -> Response:
        name = str(request.path_params["id"])
        return json_answer(self._model(name, engine_named(self.backend, name)))

    async def audio_models(self, _request: Request) -> Response:
        models = self.backend.models()
        views = tuple(AudioModelView(name, name, engine) for name, engine in models.items())
        return json_answer(AudioModelsView(views))

    async def voices(self, request: Request) -> Response:
        engine = engine_of(self.backend, request.query_params.get("model")) or self.backend.engines()[0].name
        voices = tuple(_voice(voice, engine) for voice in self.backend.listed_voices(engine))
        refused = (RefusedVoiceView(one.file, one.reason) for one in self.backend.refused_voices(engine))
        return json_answer(VoicesView(voices, tuple(refused)))

    async def capabilities(self, _request: Request) -> Response:
        engines = self._engines()
        return json_answer(
            CapabilitiesView(
                version=__version__,
                engines=engines,
                models=dict(self.backend.models()),
                formats=tuple(_format(one) for one in self.backend.formats().values()),
                captions=tuple(
                    CaptionFormatView(one.name, one.media_type, one.extension) for one in CAPTIONS.values()
                ),
                stream_formats=("audio", *FRAMINGS),
                languages=tuple(sorted({tag for engine in engines for tag in engine.languages})),
                markup=tuple(self.backend.markup_parsers()),
                plugins=self._plugins(),
                limits=self._limits(),
            )
        )

    async def health(self, _request: Request) -> Response:
        ready = self.backend.readiness().ready
        engines = self.backend.engines()
        name = engines[0].name if engines else None
        return json_answer(HealthView(_word(ready=ready), ready, name, __version__), fresh=True)

    async def live(self, _request: Request) -> Response:
        return json_answer(LiveView(), fresh=True)

    async def ready(self, _request: Request) -> Response:
        readiness = self.backend.readiness()
        view = ReadyView(readiness.ready, readiness.reasons, readiness.model_state)
        return json_answer(view, 200 if readiness.ready else 503, fresh=True)

    async def status(self, _request: Request) -> Response:
        readiness, stats = self.backend.readiness(), self.backend.stats()
        view = StatusView(
            status=_word(ready=readiness.ready),
            reasons=readiness.reasons,
            version=__version__,
            uptime_s=round(time.monotonic() - self._started_monotonic, 3),
            engines=self._engines(),
            requests=RequestsView(
                running=stats.running,
                queued=stats.queued,
                stalled=stats.stalled,
                completed=stats.completed,
                failed=stats.failed,
                cancelled=stats.cancelled,
                refused=stats.refused,
                load=stats.load,
            ),
            plugins=self._plugins(),
            plugin_errors={
                state.name: state.error for state in self.backend.plugins() if state.error is not None
            },
        )
        return json_answer(view, fresh=True)

    def _model(self, name: str, engine: str) -> ModelView:
        return ModelView(name, int(self._started), engine)

    def _engines(self) -> tuple[EngineView, ...]:
        infos = self.backend.engines()
        return tuple(self._engine(info, default=index == 0) for index, info in enumerate(infos))

    def _engine(self, info: EngineInfo, *, default: bool) -> EngineView:
        languages = sorted({voice.language for voice in self.backend.voices(info.name)})
        return EngineView(
            name=info.name,
            default=default,
            sample_rate=info.sample_rate,
            model=info.model,
            precision=info.precision,
            execution_provider=info.execution_provider,
            languages=tuple(languages),
            times_words=self.backend.times_words(info.name),
            detail=dict(info.detail),
            model_state=self.backend.model_state(info.name),
        )

    def _plugins(self) -> tuple[PluginView, ...]:
        states = self.backend.plugins()
        return tuple(PluginView(one.name, one.distribution, one.version, one.state) for one in states)

    def _limits(self) -> LimitsView:
        limits = self.backend.settings.limits
        return LimitsView(
            max_characters=limits.max_characters,
            max_body_bytes=limits.max_body_bytes,
            max_concurrent=limits.max_concurrent,
            max_queued=limits.max_queued,
            queue_timeout_s=limits.queue_timeout_s,
            max_load=limits.max_load,
            max_sessions=limits.max_sessions,
        )


def _voice(voice: ListedVoice, engine: str) -> VoiceView:
    return VoiceView(
        id=voice.name,
        name=voice.name,
        engine=engine,
        language=voice.language,
        gender=voice.gender,
        grade=voice.grade,
        description=voice.description,
        alias_of=voice.alias_of,
        mix=voice.mix,
        aliases=voice.aliases,
    )


def _format(audio_format: AudioFormat) -> FormatView:
    return FormatView(
        name=audio_format.name,
        media_type=audio_format.media_type,
        extension=audio_format.extension,
        lossless=audio_format.lossless,
        sample_rates=audio_format.sample_rates,
        bitrates=audio_format.bitrates,
    )


def _word(*, ready: bool) -> Literal["ok", "unavailable"]:
    return "ok" if ready else "unavailable"
