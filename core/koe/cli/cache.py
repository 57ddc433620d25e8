"""`koe cache`: a look inside, emptying, and speaking texts before anybody asks for them."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from json import dumps
from pathlib import Path
from typing import Any

import requests
from attrs import asdict, define, evolve, field
from cyclopts import App

from koe.cache.tiers import Tiers
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.cli.table import print_rows
from koe.cli.texts import STDIN, given_text
from koe.config import Configuration
from koe.errors import ConfigError, InvalidRequestError, KoeError
from koe.plugins import load
from koe.registry import Registry
from koe.synthesizer import Synthesizer
from koe.types import Mode, SpeechRequest

app = App(name="cache", help="Look into the cache, empty it, or speak texts into it.")

KEY_VARIABLE = "KOE_API_KEY"
_TIMEOUT_S = 600.0
_COLUMNS = ("tier", "state", "entries", "bytes", "max_bytes", "hits", "misses", "failures", "corrupt")


class ServerRefusedError(KoeError):
    """A server that was asked for something did not do it."""

    code = "server_refused"


@app.command
def stats(*, url: str = "", json: bool = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """Show what is cached.

    Parameters
    ----------
    url: str
        Of a running server, such as http://127.0.0.1:8354, to see its memory and its counts, too.
    json: bool
        Print JSON.
    """
    report = _asked("GET", url, "/v1/cache").json() if url else asyncio.run(_report(options.load()))
    if json:
        print(dumps(report, indent=2))  # noqa: T201 - a command's output
        return 0
    print_rows(_COLUMNS, _rows(report), as_json=False)
    return 0


@app.command
def clear(*, url: str = "", options: ConfigOptions = NO_OPTIONS) -> int:
    """Forget everything that is cached.

    Parameters
    ----------
    url: str
        Of a running server, to empty its memory, too.
    """
    if url:
        _asked("DELETE", url, "/v1/cache")
    else:
        asyncio.run(_clear(options.load()))
    return 0


@app.command
def warm(
    file: str,
    /,
    *,
    voice: str = "",
    language: str = "",
    markup: str = "text",
    speed: float = 1.0,
    url: str = "",
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Speak texts, so that they are in the cache.

    Parameters
    ----------
    file: str
        One text a line, in UTF-8; "-" reads standard input. Empty lines are passed over.
    voice: str
        A voice, alias or mix.
    language: str
        BCP 47 tag such as en-GB; by default the voice's own.
    markup: str
        How the texts are written.
    speed: float
        0.25 to 4.0; 1.0 is the voice's own rate.
    url: str
        Of a running server that is to do it; its memory is filled, too.
    """
    lines = list(_texts(file))
    fields = {"voice": voice, "language": language, "markup": markup, "speed": speed}
    if url:
        outcome = _warm_server(url, lines, {name: value for name, value in fields.items() if value})
    else:
        requested = [
            (number, SpeechRequest(text, voice=voice, language=language or None, markup=markup, speed=speed))
            for number, text in lines
        ]
        outcome = asyncio.run(_warm(options.load(), requested))
    for number, message in outcome.mistakes:
        print(f"{file}:{number}: {message}")  # noqa: T201 - a command's output
    print(outcome.summary(len(lines)))  # noqa: T201 - a command's output
    return 1 if outcome.mistakes else 0


@define
class _Outcome:
    """What warming came to. Segments are counted where this process made them."""

    spoken: int = 0
    made: int | None = None
    known: int = 0
    mistakes: list[tuple[int, str]] = field(factory=list)

    def summary(self, texts: int) -> str:
        told = f"{self.spoken} of {texts} texts"
        return told if self.made is None else f"{told}: {self.made} segments made, {self.known} known already"


def _texts(file: str) -> Iterator[tuple[int, str]]:
    """The lines that hold a text, with their numbers."""
    source = None if file == STDIN else Path(file)
    content = given_text("cache warm", STDIN if source is None else "", source, "")
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            yield number, line.strip()


async def _warm(configuration: Configuration, requested: Sequence[tuple[int, SpeechRequest]]) -> _Outcome:
    registry = load(configuration)
    _shared(configuration, registry)
    synthesizer = Synthesizer(registry, configuration.settings)
    outcome = _Outcome()
    await synthesizer.start()
    try:
        for number, request in requested:
            try:
                await _speak(synthesizer, request)
                outcome.spoken += 1
            except InvalidRequestError as error:
                outcome.mistakes.append((number, error.message))
        assert synthesizer.cache is not None
        await synthesizer.cache.settled()
        outcome.made, outcome.known = synthesizer.cache.misses, synthesizer.cache.hits
    finally:
        await synthesizer.stop()
    return outcome


async def _speak(synthesizer: Synthesizer, request: SpeechRequest) -> None:
    """As a stream and as a whole: their segments differ."""
    lossless = (name for name, one in synthesizer.registry.formats.items() if one.component.lossless)
    name = next(lossless, next(iter(synthesizer.registry.formats), ""))
    modes: tuple[Mode, ...] = ("stream", "whole")
    for mode in modes:
        async with synthesizer.speak(evolve(request, format=name)) as speech:
            async for _ in speech.encoded(mode):
                pass


def _warm_server(url: str, lines: Sequence[tuple[int, str]], fields: Mapping[str, Any]) -> _Outcome:
    outcome = _Outcome()
    for number, text in lines:
        try:
            for stream in (True, False):
                _asked("POST", url, "/v1/audio/speech", {**fields, "input": text, "stream": stream})
            outcome.spoken += 1
        except ServerRefusedError as error:
            outcome.mistakes.append((number, error.message))
    return outcome


async def _report(configuration: Configuration) -> Mapping[str, Any]:
    async with _open_tiers(configuration) as tiers:
        return {"tiers": [asdict(report) for report in await tiers.reports()]}


async def _clear(configuration: Configuration) -> None:
    async with _open_tiers(configuration) as tiers:
        await tiers.clear()


@asynccontextmanager
async def _open_tiers(configuration: Configuration) -> AsyncIterator[Tiers]:
    """The tiers whose values are not gone with this process."""
    tiers = _shared(configuration, load(configuration))
    await tiers.open()
    try:
        yield tiers
    finally:
        await tiers.close()


def _shared(configuration: Configuration, registry: Registry) -> Tiers:
    settings = configuration.settings.cache
    backends = registry.cache_backends
    chosen = [backends[name] for name in settings.tiers if name in backends]
    shared = [owned for owned in chosen if owned.component.shared]
    if not shared:
        problem = (
            f"{configuration.where('cache.tiers')}: {list(settings.tiers)} names no tier that outlives a "
            f"process; name one, such as 'disk' of the plugin 'cache', or ask a running server with --url"
        )
        raise ConfigError([problem])
    return Tiers.of(shared, settings)


def _rows(report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    empty: Mapping[str, Any] = dict.fromkeys(_COLUMNS)
    for tier in report["tiers"]:
        yield {**empty, **tier, "tier": tier["name"], **(tier["stats"] or {})}
    if answers := report.get("answers"):
        yield {**empty, **answers, "tier": "whole answers"}


def _asked(method: str, url: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
    """The answer of a running server. Raises `ServerRefusedError`."""
    try:
        answer = requests.request(
            method, url.rstrip("/") + path, json=body, headers=_credentials(), timeout=_TIMEOUT_S
        )
    except requests.RequestException as error:
        raise ServerRefusedError(f"{url} does not answer: {error}") from None
    if not answer.ok:
        raise ServerRefusedError(f"{url}{path} answered {answer.status_code}: {_message(answer)}")
    return answer


def _credentials() -> Mapping[str, str]:
    """The API key of the environment, where there is one: on the command line others could read it."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key.isprintable() or not key.isascii():
        raise InvalidRequestError(f"{KEY_VARIABLE} has characters that no header can hold")
    return {"authorization": f"Bearer {key}"} if key else {}


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return answer.text[:200]
