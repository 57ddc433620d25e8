"""Which engines speak here: the choice at start-up, and the open engines."""

from collections.abc import Iterable, Mapping
from functools import partial

import structlog
from attrs import define, field, frozen

from koe.cores import Sharing
from koe.errors import ConfigError, EngineUnavailableError, UnknownModelError, UnknownVoiceError
from koe.registry import Registry
from koe.residence import Residence, measured
from koe.settings import Settings
from koe.spelling import nearest
from koe.stages import Engine, EngineRuntime
from koe.toml import dotted
from koe.voices import VoiceBook

log = structlog.get_logger(__name__)


@frozen
class OpenEngine:
    """An engine that is open, with its voices. `residence` says whether its model is in memory."""

    engine: Engine
    plugin: str
    book: VoiceBook = field(repr=False)
    residence: Residence = field(repr=False)

    @property
    def name(self) -> str:
        return self.engine.name


def choose(registry: Registry, settings: Settings) -> str:
    """The name of the default engine.

    Raises:
        EngineUnavailableError: the engine asked for, or every engine of `auto_order`, cannot speak here.
    """
    wish = settings.engine.default
    if wish != "auto":
        reason = registry.engines[wish].component.missing()
        if reason is not None:
            raise EngineUnavailableError(f"engine.default = {wish!r}, but it cannot speak here: {reason}")
        return wish
    passed_over: dict[str, str] = {}
    for name in settings.engine.auto_order:
        owned = registry.engines.get(name)
        if owned is None:
            continue
        reason = owned.component.missing()
        if reason is None:
            for wished, why in passed_over.items():
                log.warning("engine_fallback", engine=name, instead_of=wished, reason=why)
            return name
        passed_over[name] = reason
    raise EngineUnavailableError(_none_of(passed_over))


def runtime(registry: Registry, settings: Settings) -> EngineRuntime:
    """What engines are opened with."""
    sharing = Sharing.of(settings.inference)
    return EngineRuntime(
        providers=tuple(
            registry.execution_providers[name].component
            for name in settings.inference.providers
            if name in registry.execution_providers
        ),
        threads=sharing.threads,
        concurrency=sharing.places,
    )


@define
class EngineSet:
    """The open engines, the default first."""

    default: str
    engines: Mapping[str, OpenEngine]
    models: Mapping[str, str] = field(factory=dict)

    @classmethod
    def open(cls, registry: Registry, settings: Settings) -> "EngineSet":
        """Open the default engine and every engine that `engine.models` names. Blocks while they load."""
        default = choose(registry, settings)
        names = dict.fromkeys([default, *(settings.engine.models.values())])
        names.pop("default", None)
        engines: dict[str, OpenEngine] = {}
        try:
            for name in names:
                engines[name] = _open(registry, settings, name)
            _check_names(settings, default, engines)
        except BaseException:
            _close(engines.values())
            raise
        return cls(default, engines, _models(settings, default, engines))

    def close(self) -> None:
        """Close all engines. What one raises is logged, so that the others still close."""
        _close(self.engines.values())

    def get(self, name: str) -> OpenEngine:
        """The engine called `name`, the default one for an empty name.

        Raises:
            UnknownModelError: no such engine is open (param `model`).
        """
        opened = self.engines.get(name or self.default)
        if opened is None:
            near = nearest(name, self.engines)
            guess = f" Did you mean {', '.join(near)}?" if near else ""
            raise UnknownModelError(
                f"No engine {name!r} is open here.{guess} Open: {', '.join(self.engines)}. "
                f"An operator opens more through engine.default and engine.models",
                param="model",
            )
        return opened


def _close(engines: Iterable[OpenEngine]) -> None:
    for opened in engines:
        try:
            opened.engine.close()
        except Exception:
            log.exception("engine_not_closed", engine=opened.name, plugin=opened.plugin)


def _models(settings: Settings, default: str, engines: Mapping[str, OpenEngine]) -> dict[str, str]:
    """Every name a client may send as `model`, with the engine behind it."""
    named = {
        model: default if target == "default" else target for model, target in settings.engine.models.items()
    }
    return {**{name: name for name in engines if name not in named}, **named}


def _open(registry: Registry, settings: Settings, name: str) -> OpenEngine:
    owned = registry.engines[name]
    reason = owned.component.missing()
    if reason is not None:
        raise EngineUnavailableError(f"Engine {name!r} cannot speak here: {reason}")
    facts = measured(partial(owned.component.open, runtime(registry, settings)))
    log.info("model_loaded", engine=name, **facts)
    try:
        book = _book(registry, settings, owned.component)
        residence = Residence(owned.component, settings.engine.unload_after_s)
        return OpenEngine(owned.component, owned.plugin, book, residence)
    except BaseException:
        owned.component.close()
        raise


def _book(registry: Registry, settings: Settings, engine: Engine) -> VoiceBook:
    voices = settings.voices
    mixes = {name: mix for name, mix in voices.mixes.items() if not _clash(engine, name)}
    book = VoiceBook.of(engine, voices.aliases, voices.default, _hint(registry, engine.name), mixes)
    try:
        book.resolve("")
    except UnknownVoiceError as error:
        if settings.engine.default == engine.name:
            raise ConfigError([f"voices.default: {error}"]) from None
        log.warning("default_voice_not_here", engine=engine.name, voice=voices.default)
        return VoiceBook.of(engine, voices.aliases, "", book.hint, mixes)
    return book


def _check_names(settings: Settings, default: str, engines: Mapping[str, OpenEngine]) -> None:
    """Report saved mixes and aliases that lead to no voice of any open engine.

    Raises:
        ConfigError: there are such mixes although `engine.default` names the engine, or names that it has
            a voice for.
    """
    absent: dict[str, str] = {}
    problems: list[str] = []
    for table, names in (("aliases", settings.voices.aliases), ("mixes", settings.voices.mixes)):
        for name in names:
            reasons = {opened.name: _why_not(opened, name) for opened in engines.values()}
            taken = table == "mixes" and _clash(engines[default].engine, name)
            if taken or all(reasons.values()):
                key = dotted(("voices", table, name))
                absent[key] = reasons[default]
                problems += [f"{key}: {reasons[default]}"] if table == "mixes" else []
    if problems and settings.engine.default == default:
        raise ConfigError(problems)
    if absent:
        log.warning("voices_not_here", engine=default, names=absent)


def _why_not(opened: OpenEngine, name: str) -> str:
    """Why `name` leads to no voice of the engine; empty where it does."""
    clash = "" if name in opened.book.own_aliases else _clash(opened.engine, name)
    if clash:
        return clash
    try:
        opened.book.resolve(name)
    except UnknownVoiceError as error:
        return error.message
    return ""


def _clash(engine: Engine, name: str) -> str:
    """What else of the engine has the name of a saved mix; empty where nothing has."""
    if engine.find_voice(name) is not None:
        return f"engine {engine.name!r} has a voice {name!r}; give the mix another name"
    target = engine.aliases.get(name)
    if target is None:
        return ""
    return (
        f"engine {engine.name!r} has an alias {name!r}, for {target!r}; give the mix another name, "
        f"or set {dotted(('voices', 'aliases', name))} to replace the alias"
    )


def _hint(registry: Registry, name: str) -> str:
    """That other engines, whose voices are missing here, exist. The reason may name files: it is logged."""
    missing = [
        other
        for other, owned in registry.engines.items()
        if other != name and owned.component.missing() is not None
    ]
    return "".join(f" Engine {other!r} and its voices are not available on this server." for other in missing)


def _none_of(passed_over: Mapping[str, str]) -> str:
    if not passed_over:
        return (
            "No enabled plugin registers an engine of engine.auto_order; "
            "enable one, such as 'espeak' (the embedded voice) or 'kokoro'"
        )
    reasons = "; ".join(f"{name}: {reason}" for name, reason in passed_over.items())
    return f"No engine can speak here. {reasons}"
