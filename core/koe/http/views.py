"""The JSON answers. A field may be added; none is renamed, removed or given another type."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from attrs import asdict, frozen

from koe.types import ModelState


@frozen
class ModelView:
    """A name that may be sent as `model`. `created` is when this server started, in Unix seconds."""

    id: str
    created: int
    engine: str
    object: Literal["model"] = "model"
    owned_by: str = "koe"


@frozen
class ModelsView:
    """The models, in OpenAI's shape."""

    data: tuple[ModelView, ...]
    object: Literal["list"] = "list"


@frozen
class AudioModelView:
    """A name that may be sent as `model`."""

    id: str
    name: str
    engine: str


@frozen
class AudioModelsView:
    """The models, in the shape that Open WebUI reads."""

    models: tuple[AudioModelView, ...]


@frozen
class VoiceView:
    """A name that may be sent as `voice`.

    `alias_of` is the voice or mix behind an alias, `mix` what a saved mix is made of; `aliases` are the
    names that stand for this one.
    """

    id: str
    name: str
    engine: str
    language: str | None = None
    gender: str | None = None
    grade: str | None = None
    description: str = ""
    alias_of: str | None = None
    mix: str | None = None
    aliases: tuple[str, ...] = ()


@frozen
class RefusedVoiceView:
    """A voice file that was found but is not served, and why."""

    file: str
    reason: str


@frozen
class VoicesView:
    """The voices of one engine, the default first, then aliases and saved mixes; voice files not served."""

    voices: tuple[VoiceView, ...]
    refused: tuple[RefusedVoiceView, ...] = ()


@frozen
class EngineView:
    """An open engine and what it really runs on.

    `sample_rate` is in Hz; `times_words`: it measures when each word is spoken (`timestamps` `word`).
    `model_state` is `loaded`, `loading`, `unloading` or `unloaded`.
    """

    name: str
    default: bool
    sample_rate: int
    model: str
    precision: str
    execution_provider: str
    languages: tuple[str, ...]
    times_words: bool
    detail: Mapping[str, str | int | float | bool]
    model_state: ModelState


@frozen
class FormatView:
    """A response format.

    `sample_rates` lists what may be asked for in Hz, null: anything from 8000 to 48000. `bitrates` holds the
    lowest and the highest in bit/s, null: the format has none to choose.
    """

    name: str
    media_type: str
    extension: str
    lossless: bool
    sample_rates: tuple[int, ...] | None
    bitrates: tuple[int, ...] | None


@frozen
class CaptionFormatView:
    """A `response_format` that gives captions instead of audio."""

    name: str
    media_type: str
    extension: str


@frozen
class PluginView:
    """An enabled plugin. `state` is `active` or `failed`."""

    name: str
    distribution: str
    version: str
    state: str


@frozen
class LimitsView:
    """How much is taken in at once; the names are those of the configuration."""

    max_characters: int
    max_body_bytes: int
    max_concurrent: int
    max_queued: int
    queue_timeout_s: float
    max_load: float
    max_sessions: int


@frozen
class CapabilitiesView:
    """What this server can do, as it is configured."""

    version: str
    engines: tuple[EngineView, ...]
    models: Mapping[str, str]
    formats: tuple[FormatView, ...]
    captions: tuple[CaptionFormatView, ...]
    stream_formats: tuple[str, ...]
    languages: tuple[str, ...]
    markup: tuple[str, ...]
    plugins: tuple[PluginView, ...]
    limits: LimitsView


@frozen
class RootView:
    """Where to go from here. A path is null where the configuration switches it off."""

    name: str
    version: str
    speech: str
    docs: str | None
    openapi: str | None


@frozen
class LiveView:
    """The process answers."""

    status: Literal["ok"] = "ok"


@frozen
class ReadyView:
    """Whether new work is welcome; where it is not, the reasons.

    `model_state` says of each open engine whether its model is in memory: `loaded`, `loading`, `unloading` or
    `unloaded`. In all four it is ready; the first segment that has to be made waits until it is loaded.
    """

    ready: bool
    reasons: tuple[str, ...]
    model_state: Mapping[str, ModelState]


@frozen
class HealthView:
    """A summary for people and probes. `status` is `ok` or `unavailable`."""

    status: Literal["ok", "unavailable"]
    ready: bool
    engine: str | None
    version: str


@frozen
class RequestsView:
    """Speech requests: `running` and `queued` now, the others since the start.

    `stalled` of the running ones wait for their clients to go on taking their answers.
    `load` is how much of the inference threads the streams that are being played need: 1.0 is all of them.
    """

    running: int
    queued: int
    stalled: int
    completed: int
    failed: int
    cancelled: int
    refused: int
    load: float


@frozen
class StatusView:
    """How the server is doing. `plugin_errors` names each failed plugin with its reason."""

    status: Literal["ok", "unavailable"]
    reasons: tuple[str, ...]
    version: str
    uptime_s: float
    engines: tuple[EngineView, ...]
    requests: RequestsView
    plugins: tuple[PluginView, ...]
    plugin_errors: Mapping[str, str]


def encode(view: Any) -> bytes:
    """A view as JSON, keys in field order (msgspec alone sorts those of an attrs class)."""
    return msgspec.json.encode(asdict(view))
