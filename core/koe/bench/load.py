"""Clients that ask a server one request after the other, and what became of each request."""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from attrs import define, field, frozen

from koe.bench.connection import BrokenAnswerError, Connection, Reply
from koe.bench.player import Played, play
from koe.bench.target import Asking, said
from koe.bench.timeline import Timeline, UnreadableAudioError, timeline

REFUSALS = (429, 503)
LONGEST_PAUSE_S = 5.0
"""A client that was refused waits as long as it was told to, but no longer than this."""

_OK = 200
_NO_CONNECTION_PAUSE_S = 0.1
_KINDS_OF_ERRORS = 20
_SPOOLED_BYTES = 64_000_000
_TIMELINES = 64
"""How many answers' timelines are kept: equal answers are decoded once."""


class TextSource(Protocol):
    """Whatever gives one text after the other."""

    def text(self) -> str: ...


@frozen
class Answer:
    """One complete answer with audio.

    Attributes:
        cache: the header `koe-cache`; empty without one.
        seconds: from the request to the answer's last byte.
    """

    played: Played
    seconds: float
    cache: str

    @property
    def rtf(self) -> float:
        """Seconds until the answer was complete, for one second of its audio."""
        return self.seconds / self.played.audio_s


@define
class Outcomes:
    """What became of the requests of one level.

    Attributes:
        seconds: from the first request to the end of the last answer.
        busy: the share of that time in which the measuring process itself was at work.
        refused: by status, the number of answers 503 (no room) and 429 (too often).
        errors: how often each went wrong: other statuses, connections that broke, time-outs, bad audio.
    """

    answers: list[Answer] = field(factory=list)
    refused: dict[int, int] = field(factory=dict)
    errors: dict[str, int] = field(factory=dict)
    seconds: float = 0.0
    busy: float = 0.0

    @property
    def asked(self) -> int:
        return len(self.answers) + sum(self.refused.values()) + sum(self.errors.values())

    def fail(self, why: str) -> None:
        if why not in self.errors and len(self.errors) >= _KINDS_OF_ERRORS:
            why = "other errors"
        self.errors[why] = self.errors.get(why, 0) + 1


@define(eq=False)
class Level:
    """So many clients at once, each with its own connection, without a pause between its requests.

    Answers are put aside while the clock runs, and decoded afterwards.

    Attributes:
        requests: so many in all; 0 where `duration_s` says when no more are begun.
        timeout_s: after which an answer that is not complete is given up.
    """

    asking: Asking
    texts: TextSource
    clients: int
    requests: int = 0
    duration_s: float = math.inf
    timeout_s: float = 120.0
    outcomes: Outcomes = field(factory=Outcomes)
    _replies: list[tuple[Reply, int, int]] = field(factory=list)
    _aside: IO[bytes] = field(factory=lambda: SpooledTemporaryFile(_SPOOLED_BYTES))  # noqa: SIM115
    _begun: float = 0.0
    _ended: float = 0.0
    _asked: int = 0

    async def run(self) -> Outcomes:
        """Ask. Where this is cancelled, `outcomes` holds what was complete by then."""
        connections = [Connection(self.asking.place) for _ in range(self.clients)]
        try:
            with suppress(TimeoutError):  # where there is no connection, its client finds out and counts it
                async with asyncio.timeout(self.timeout_s):
                    await asyncio.gather(*(one.open() for one in connections), return_exceptions=True)
            await self._timed(connections)
        finally:
            for connection in connections:
                await connection.close()
            self._decode()
        return self.outcomes

    async def _timed(self, connections: Sequence[Connection]) -> None:
        self._begun = self._ended = time.perf_counter()
        used = time.process_time()
        try:
            async with asyncio.TaskGroup() as group:
                for connection in connections:
                    group.create_task(self._client(connection))
        finally:
            self.outcomes.seconds = self._ended - self._begun
            whole = time.perf_counter() - self._begun
            self.outcomes.busy = (time.process_time() - used) / whole

    def _more(self) -> bool:
        if self.requests:
            return self._asked < self.requests
        return time.perf_counter() < self._begun + self.duration_s

    async def _client(self, connection: Connection) -> None:
        while self._more():
            self._asked += 1
            try:
                async with asyncio.timeout(self.timeout_s):
                    reply = await self.asking.speech(connection, self.texts.text())
            except TimeoutError:
                self.outcomes.fail(f"not complete after {self.timeout_s:g} s")
            except BrokenAnswerError:
                self.outcomes.fail("the connection broke off")
            except OSError:
                self.outcomes.fail("no connection")
                await asyncio.sleep(_NO_CONNECTION_PAUSE_S)
            else:
                await self._note(reply)

    async def _note(self, reply: Reply) -> None:
        self._ended = time.perf_counter()
        if reply.status == _OK:
            self._replies.append((_without_body(reply), self._aside.tell(), len(reply.body)))
            self._aside.write(reply.body)
        elif reply.status in REFUSALS:
            self.outcomes.refused[reply.status] = self.outcomes.refused.get(reply.status, 0) + 1
            await asyncio.sleep(pause_s(reply))
        else:
            self.outcomes.fail(f"{reply.status}: {said(reply)}")

    def _decode(self) -> None:
        known: dict[bytes, Timeline] = {}
        for reply, start, length in self._replies:
            self._aside.seek(start)
            body = self._aside.read(length)
            try:
                line = known.get(body) or timeline(self.asking.format, body)
            except UnreadableAudioError as error:
                self.outcomes.fail(f"bad audio: {error}")
                continue
            if len(known) < _TIMELINES:
                known[body] = line
            cache = reply.headers.get("koe-cache", "")
            self.outcomes.answers.append(Answer(play(reply.arrivals, line), reply.seconds, cache))
        self._replies.clear()
        self._aside.close()


def _without_body(reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, b"", reply.arrivals, reply.seconds)


def pause_s(refusal: Reply) -> float:
    """What it asks for, but no more than `LONGEST_PAUSE_S`; a second where it does not say."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return min(max(0.0, float(refusal.headers[name]) * unit_s), LONGEST_PAUSE_S)
        except (KeyError, ValueError):
            continue
    return 1.0
