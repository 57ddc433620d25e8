"""One level after the other, cold and cached, and the report of all of them."""

import asyncio
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import define, field, frozen

from koe import __version__
from koe.bench.connection import BrokenAnswerError, Connection, Reply
from koe.bench.figures import DEFINITIONS, figures
from koe.bench.load import REFUSALS, Level, TextSource, pause_s
from koe.bench.target import Asking, BenchError, Target, check, look
from koe.bench.texts import CACHED, GivenTexts, Texts

Pass = Literal["cold", "cached"]
PASSES: tuple[Pass, ...] = ("cold", "cached")
_BUSY = 0.8
"""From which share of a core on the measuring process itself may be what is measured."""


@frozen
class Plan:
    """What is to be measured.

    Attributes:
        levels: numbers of clients.
        requests: of each level; 0 where `duration_s` counts.
        lines: texts of the user's own; empty for made-up ones.
        seed: of made-up texts.
    """

    asking: Asking
    url: str
    levels: Sequence[int]
    passes: Sequence[Pass]
    requests: int
    duration_s: float
    timeout_s: float
    lines: Sequence[str]
    seed: int

    def texts(self) -> Texts | GivenTexts:
        return GivenTexts(self.lines) if self.lines else Texts(self.seed)


@define
class Over:
    """The same texts over and over."""

    lines: Sequence[str]
    _asked: int = 0

    def text(self) -> str:
        self._asked += 1
        return self.lines[self._asked % len(self.lines)]


@define
class Sweep:
    """Measures by a plan. What is complete can be read at any time, also after it was interrupted.

    Attributes:
        tell: takes a line of progress.
    """

    plan: Plan
    tell: Callable[[str], None]
    target: Target | None = None
    levels: list[dict[str, Any]] = field(factory=list)
    notes: list[str] = field(factory=list)
    _texts: Texts | GivenTexts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._texts = self.plan.texts()

    async def run(self) -> None:
        """Measure everything.

        Raises:
            BenchError: the server cannot be measured, or no further; `levels` holds what was measured.
        """
        self.target = await look(self.plan.asking, self.plan.url, self.plan.timeout_s)
        self.tell(f"{self.plan.url}: {self.target.summary}")
        await self._prime([self._texts.text()])
        for name in self.plan.passes:
            again = Over([self._texts.text() for _ in range(CACHED)]) if name == "cached" else None
            if again is not None:
                await self._prime(again.lines)
            for clients in self.plan.levels:
                await self._level(name, clients, again or self._texts)
        if isinstance(self._texts, GivenTexts) and self._texts.repeated:
            self._note(
                "there were more requests than texts: those that came again had a number before each sentence"
            )

    async def _prime(self, texts: Iterable[str]) -> None:
        """Ask for each once, uncounted."""
        asking, url = self.plan.asking, self.plan.url
        async with Connection(asking.place) as connection:
            for text in texts:
                try:
                    async with asyncio.timeout(self.plan.timeout_s):
                        reply = await self._primed(connection, text)
                except TimeoutError:
                    raise BenchError(
                        f"{url}: an answer before the clock started was not complete after "
                        f"{self.plan.timeout_s:g} s"
                    ) from None
                except (BrokenAnswerError, OSError) as error:
                    raise BenchError(f"{url} broke off a request before the clock started: {error}") from None
                check(reply, asking, url)

    async def _primed(self, connection: Connection, text: str) -> Reply:
        """Its answer. Between two levels, who is refused waits and asks again, as the clients do."""
        while True:
            reply = await self.plan.asking.speech(connection, text)
            if reply.status not in REFUSALS or not self.levels:
                return reply
            await asyncio.sleep(pause_s(reply))

    async def _level(self, name: Pass, clients: int, texts: TextSource) -> None:
        plan = self.plan
        level = Level(plan.asking, texts, clients, plan.requests, plan.duration_s, plan.timeout_s)
        try:
            await level.run()
        finally:
            found = {"pass": name, "clients": clients}
            found |= figures(level.outcomes, streamed=plan.asking.stream)
            if found["requests"]:
                self.levels.append(found)
                self._judge(found)
                self.tell(_progress(found))

    def _judge(self, level: dict[str, Any]) -> None:
        """Note what a reader should know before believing the figures."""
        name, cache, answers = level["pass"], level["cache"], level["answers"]
        where = described(level)
        if name == "cold" and (known := cache.get("hit", 0) + cache.get("partial", 0)):
            self._note(f"{where}: the server had (part of) {known} of {answers} in a cache")
        if name == "cached" and cache.get("no header"):
            self._note(
                "cached: without a koe-cache header, this server has no cache or does not tell; the texts "
                "only came again"
            )
        elif name == "cached" and cache.get("hit", 0) < answers:
            self._note(f"{where}: only {cache.get('hit', 0)} of {answers} came from a cache")
        if level["client_busy"] > _BUSY:
            busy = f"{level['client_busy']:.0%}"
            self._note(
                f"{where}: the measuring process was at work for {busy} of the time, and may be the limit"
            )

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)

    def report(self, *, interrupted: bool) -> dict[str, Any]:
        """All of it, ready for JSON."""
        plan, asking = self.plan, self.plan.asking
        return {
            "url": plan.url,
            "server": {"koe": self.target.koe, **self.target.described} if self.target else None,
            "client": {
                "koe": __version__,
                "machine": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
                "python": platform.python_version(),
            },
            "request": {
                **asking.fields,
                "response_format": asking.format,
                "stream": asking.stream,
                "texts": f"{len(plan.lines)} given" if plan.lines else f"made up, seed {plan.seed}",
            },
            "interrupted": interrupted,
            "levels": self.levels,
            "notes": self.notes,
            "definitions": DEFINITIONS,
        }


def described(level: Mapping[str, Any]) -> str:
    """Which level it is, for people."""
    clients = level["clients"]
    return f"{level['pass']}, {clients} client{'' if clients == 1 else 's'}"


def _progress(level: dict[str, Any]) -> str:
    first = level["first_audio_ms"]
    heard = f", first audio p50 {first['p50']} ms" if first else ""
    refused, failed = sum(level["refused"].values()), sum(level["errors"].values())
    return (
        f"{described(level)}: {level['answers']} answers, {refused} refused, "
        f"{failed} failed{heard}, {level['audio_s_per_s']} audio s/s"
    )
