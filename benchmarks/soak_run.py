"""A soak under way: the serial run, the clients, and the pauses in which the server is looked at."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import httpx
from attrs import define, field

from benchmarks.report import tell
from benchmarks.servers import Server
from benchmarks.soak_client import Client, Known, LostError, RefusedError
from benchmarks.soak_plan import Ask

MARKS = (0.2, 0.25, 0.5, 0.75, 1.0)
"""Parts of the requests after which there is a pause; the first is the warm-up."""
FEW = 1000
FEW_MARKS = (0.5, 1.0)
"""The same for fewer requests than `FEW`, whose memory says nothing."""
SAMPLE_S = 0.5
"""How often the server counts its tasks."""
SETTLE_S = 15.0
PATIENCE_S = 300.0
"""An answer that is not complete by then is lost."""


@define
class Idle:
    """The server at rest."""

    requests: int
    rss_mb: float
    fds: int
    threads: int
    tasks: int

    def leaks_since(self, earlier: "Idle") -> list[str]:
        return [
            f"{name}: {getattr(earlier, name)} became {getattr(self, name)}"
            for name in ("fds", "threads", "tasks")
            if getattr(self, name) > getattr(earlier, name)
        ]


@define
class Soak:
    """Runs a plan against one server."""

    served: Server
    asks: Sequence[Ask]
    clients: int
    patience_s: float = PATIENCE_S
    known: Known = field(factory=Known)
    counts: Counter[str] = field(factory=Counter)
    problems: list[str] = field(factory=list)
    idle: list[Idle] = field(factory=list)
    curve: list[tuple[float, int, float]] = field(factory=list)
    longest_s: float = 0.0
    _done: int = 0
    _begun: float = 0.0

    async def run(self) -> float:
        """Everything. Returns the seconds that the soak itself took."""
        await self._serial()
        self._begun = time.perf_counter()
        watcher = asyncio.create_task(self._watch())
        start = 0
        for mark in FEW_MARKS if len(self.asks) < FEW else MARKS:
            end = round(mark * len(self.asks))
            await self._at_once(iter(self.asks[start:end]))
            self.idle.append(await self._at_rest(end))
            tell(f"{end} requests: {self.idle[-1]}, {dict(self.counts)}")
            start = end
        watcher.cancel()
        return time.perf_counter() - self._begun

    async def _serial(self) -> None:
        different = {ask.identity: ask for ask in self.asks}
        tell(f"serial run of {len(different)} different requests")
        async with Client(self.served.url) as client:
            for ask in different.values():
                async with asyncio.timeout(self.patience_s):
                    self.known.learn(ask, await client.ask(ask.bypassing()))

    async def _at_once(self, asks: Iterator[Ask]) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self.clients):
                group.create_task(self._client(asks))

    async def _client(self, asks: Iterator[Ask]) -> None:
        async with Client(self.served.url) as client:
            for ask in asks:
                await self._one(client, ask)
                self._done += 1

    async def _one(self, client: Client, ask: Ask) -> None:
        """Ask until there is an answer, or the client has left."""
        begun, stays = time.perf_counter(), ask.leaves_after_s is None
        while True:
            try:
                async with asyncio.timeout(self.patience_s if stays else ask.leaves_after_s):
                    answer = await client.ask(ask)
            except TimeoutError:
                if stays:
                    self._complain("lost", ask, f"not complete after {self.patience_s:g} s")
                else:
                    self.counts["left"] += 1
                return
            except RefusedError as refused:
                self.counts["refused"] += 1
                await asyncio.sleep(refused.pause_s)
                continue
            except LostError as lost:
                self._complain("lost", ask, str(lost))
                return
            self.longest_s = max(self.longest_s, time.perf_counter() - begun)
            break
        self.counts["answered"] += 1
        self.counts[f"koe-cache: {answer.cache or 'none'}"] += 1
        if (found := self.known.judge(ask, answer)) is not None:
            self._complain(found.kind, ask, found.detail)

    def _complain(self, kind: str, ask: Ask, detail: str) -> None:
        self.counts[kind] += 1
        self.problems.append(f"{kind}: {detail}: {ask.described}")
        tell(self.problems[-1])

    async def _watch(self) -> None:
        process = self.served.process
        while True:
            rss_mb = process.memory_info().rss / 1e6
            self.curve.append((round(time.perf_counter() - self._begun, 1), self._done, round(rss_mb, 1)))
            await asyncio.sleep(1.0)

    async def _at_rest(self, requests: int) -> Idle:
        """Read when nothing is in flight, and what clients left behind has been put away or clearly stays."""
        deadline = time.perf_counter() + SETTLE_S
        async with httpx.AsyncClient(base_url=self.served.url) as http:
            while time.perf_counter() < deadline:
                status = (await http.get("/status")).json()
                if not status["requests"]["running"] and not status["requests"]["queued"]:
                    break
                await asyncio.sleep(0.1)
        found = await self._read(requests)
        while time.perf_counter() < deadline and self.idle and found.leaks_since(self.idle[0]):
            await asyncio.sleep(1.0)
            found = await self._read(requests)
        return found

    async def _read(self, requests: int) -> Idle:
        await asyncio.sleep(2 * SAMPLE_S)
        process = self.served.process
        async with httpx.AsyncClient(base_url=self.served.url, headers={"connection": "close"}) as http:
            text = (await http.get("/metrics")).text
        tasks = next(line for line in text.splitlines() if line.startswith("koe_event_loop_tasks "))
        return Idle(
            requests=requests,
            rss_mb=round(process.memory_info().rss / 1e6, 1),
            fds=process.num_fds(),
            threads=process.num_threads(),
            tasks=int(float(tasks.split()[1])),
        )
