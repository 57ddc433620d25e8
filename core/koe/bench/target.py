"""The server that is measured: how it is asked, and what it tells of itself."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from koe.bench.connection import BrokenAnswerError, Connection, Place, Reply
from koe.bench.timeline import UnreadableAudioError, timeline
from koe.errors import KoeError

SPEECH = "/v1/audio/speech"
_CAPABILITIES = "/v1/capabilities"
_TOLD = ("name", "default", "model", "precision", "execution_provider")
_UNAUTHORIZED = (401, 403)
_OK = 200
_LONGEST_MESSAGE = 200


class BenchError(KoeError):
    """The server cannot be measured."""

    code = "bench_failed"


@frozen
class Asking:
    """What every request has in common.

    Attributes:
        fields: of the request's body, besides `input`, `response_format` and `stream`.
        stream: whether an answer may come in pieces; else it is asked for whole, which only koe does.
    """

    place: Place
    api_key: str = field(default="", repr=False)
    format: str = "pcm"
    stream: bool = True
    fields: Mapping[str, Any] = field(factory=dict)

    @property
    def headers(self) -> Mapping[str, str]:
        key = {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {"content-type": "application/json", "accept": "*/*", **key}

    async def speech(self, connection: Connection, text: str) -> Reply:
        """Raises what `Connection.ask` raises."""
        whole = {} if self.stream else {"stream": False}
        body = {**self.fields, "input": text, "response_format": self.format, **whole}
        return await connection.ask("POST", SPEECH, self.headers, json.dumps(body).encode())


@frozen
class Target:
    """What the server says of itself. Of one that is not koe, nothing is known.

    Attributes:
        described: version, engines and limits, for the report.
    """

    koe: bool
    described: Mapping[str, Any] = field(factory=dict)

    @property
    def summary(self) -> str:
        """One line for people."""
        if not self.koe:
            return "not koe: engine, model, precision and caches are unknown"
        engine: Mapping[str, Any] = next((one for one in self.described["engines"] if one.get("default")), {})
        model = " ".join(filter(None, (engine.get("model"), engine.get("precision"))))
        provider = engine.get("execution_provider")
        return f"koe {self.described['version']}, engine {engine.get('name')} ({model}, {provider})"


async def look(asking: Asking, url: str, timeout_s: float) -> Target:
    """Ask the server what it is.

    Raises:
        BenchError: nothing answers there in time, or not in HTTP.
    """
    async with Connection(asking.place) as connection:
        try:
            async with asyncio.timeout(timeout_s):
                reply = await connection.ask("GET", _CAPABILITIES, asking.headers)
        except TimeoutError:
            raise BenchError(f"{url} did not answer GET {_CAPABILITIES} within {timeout_s:g} s") from None
        except OSError as error:
            raise BenchError(
                f"{url} does not answer: {error.strerror or error}. Start a server with `koe serve`, or name "
                f"another one with --url"
            ) from None
        except BrokenAnswerError as error:
            raise BenchError(f"{url} does not speak HTTP, or breaks off: {error}") from None
    return _target(reply)


def _target(reply: Reply) -> Target:
    if reply.status != _OK:
        return Target(koe=False)
    try:
        found = json.loads(reply.body)
        engines = [{name: engine.get(name) for name in _TOLD} for engine in found["engines"]]
        described = {"version": found["version"], "engines": engines, "limits": found.get("limits")}
        return Target(koe=True, described=described)
    except (ValueError, LookupError, TypeError, AttributeError):  # another server's answer
        return Target(koe=False)


def check(reply: Reply, asking: Asking, url: str) -> None:
    """Whether this answer to a request for speech is audio.

    Raises:
        BenchError: it is not; with what the server says and the way out.
    """
    where = f"{url}{SPEECH}"
    if reply.status in _UNAUTHORIZED:
        problem = "does not take this API key" if asking.api_key else "asks for an API key"
        raise BenchError(
            f"{where} {problem} ({reply.status}: {said(reply)}); give one with --api-key or KOE_API_KEY"
        )
    if reply.status != _OK:
        raise BenchError(f"{where} answered {reply.status} before the clock started: {said(reply)}")
    kind = reply.headers.get("content-type", "")
    if not kind.startswith(("audio/", "application/octet-stream")):
        raise BenchError(f"{where} answered with {kind or 'an unnamed type'} instead of audio: {said(reply)}")
    try:
        timeline(asking.format, reply.body)
    except UnreadableAudioError as error:
        raise BenchError(
            f"{where} answered with {len(reply.body)} bytes that are no {asking.format}: {error}"
        ) from None


def said(reply: Reply) -> str:
    """The message of an error's body, in OpenAI's shape or any other, as one line that is safe to print."""
    try:
        message = str(json.loads(reply.body)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        message = reply.body.decode("utf-8", "replace")
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return line[:_LONGEST_MESSAGE] or "(no message)"
