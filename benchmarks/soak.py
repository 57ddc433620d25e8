"""Many kinds of requests from many clients for a long time: is each answer right, is the server still small?

    python -m benchmarks.soak                          # 10,000 requests from 32 clients: some 15 minutes
    python -m benchmarks.soak --requests 200 --clients 8

Starts `koe serve` with the embedded voice and a tiny Kokoro (or `--model`, `--voices`), with caches that are
too small for what is asked, and metrics. Then:

1. *Serial run*: every different request is sent once, one after the other, past the caches (`"cache":
   "bypass"`). What comes is what is right.
2. *Soak*: `--requests` requests from `--clients` clients at once: speech in all formats, streamed and whole,
   as server-sent events and JSON lines, captions, dialogues, streaming WebSockets; texts from one word to a
   minute; three quarters from a pool that comes again and again, the others new; a quarter of all made anew
   whatever the caches know. `--disconnects` of the clients leave before the answer is complete, without a
   goodbye. A refusal (503) is counted and asked again later, and is no lost answer.
3. *Pauses* after the warm-up, 20, 25, 50, 75 and 100 %: once no request is in flight, memory (RSS), file
   descriptors, threads and asyncio tasks of the server are read.

An answer is *wrong* where its bytes differ from the serial run's, *short* where its audio also lasts longer
or shorter, and *lost* where it did not come or ended early. (Cached samples are kept as they are,
`cache.storage = "float32"`: rounded to 16 bits, the default, they would give other bytes in lossy formats.)
Prints JSON; exits with 1 where an answer was wrong, short or lost, something leaked, or the median of the
memory between two pauses was not within 5 % of that between the first two.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field
from koe.testing.tiny_model import write_tiny_model

from benchmarks.servers import Server, assignments, serving, speaking
from benchmarks.soak_client import Client, Known, LostError, RefusedError
from benchmarks.soak_plan import LONGEST, Ask, plan

MARKS = (0.1, 0.2, 0.25, 0.5, 0.75, 1.0)
"""Parts of the requests after which there is a pause; the first is the warm-up."""
FEW = 1000
FEW_MARKS = (0.5, 1.0)
"""The same for fewer requests than `FEW`, whose memory says nothing."""
FLAT = 0.05
SETTLE_S = 15.0
CACHES: Mapping[str, object] = {
    "cache.answers_bytes": 8_000_000,
    "cache.storage": "float32",
    "plugins.cache.memory.max_bytes": 16_000_000,
}
"""Full after some hundred requests: what grows afterwards is no cache."""


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
        begun = time.perf_counter()
        while True:
            try:
                async with asyncio.timeout(ask.leaves_after_s):
                    answer = await client.ask(ask)
            except TimeoutError:
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
        lowest = await self._read(requests)
        while time.perf_counter() < deadline and self.idle and lowest.leaks_since(self.idle[0]):
            await asyncio.sleep(1.0)
            lowest = await self._read(requests)
        return lowest

    async def _read(self, requests: int) -> Idle:
        await asyncio.sleep(1.5)  # longer than plugins.metrics.sample_s
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


def report(soak: Soak, seconds: float) -> dict[str, Any]:
    """What came of it; `verdict` is empty where all is well."""
    first, last = soak.idle[0], soak.idle[-1]
    under_load = medians(soak)
    base = next(iter(under_load.values()))
    growth = {part: round(rss / base - 1, 4) for part, rss in under_load.items()}
    errors = [line for line in soak.served.logged().splitlines() if '"level": "error"' in line]
    verdict = [f"{soak.counts[kind]} {kind}" for kind in ("wrong", "short", "lost") if soak.counts[kind]]
    verdict += last.leaks_since(first)
    verdict += [f"RSS {change:+.1%} in {part}" for part, change in growth.items() if abs(change) > FLAT]
    verdict += [f"{len(errors)} errors in the server's log"] if errors else []
    return {
        "hardware": {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "requests": len(soak.asks),
        "clients": soak.clients,
        "different_requests": len({ask.identity for ask in soak.asks}),
        "kinds": dict(Counter(ask.kind for ask in soak.asks)),
        "seconds": round(seconds, 1),
        "longest_answer_s": round(soak.longest_s, 2),
        "counts": dict(soak.counts),
        "at_rest": [
            {name: getattr(one, name) for name in Idle.__slots__ if name[0] != "_"} for one in soak.idle
        ],
        "rss_under_load_mb": under_load,
        "rss_growth": growth,
        "rss_peak_mb": max((rss for _, _, rss in soak.curve), default=None),
        "problems": soak.problems[:50],
        "log_errors": errors[:20],
        "verdict": verdict,
        "curve": soak.curve,
    }


def medians(soak: Soak) -> dict[str, float]:
    """Of the memory between one pause and the next, all after the warm-up, in MB."""
    found = {}
    for earlier, later in pairwise(soak.idle):
        between = [rss for _, done, rss in soak.curve if earlier.requests < done < later.requests]
        found[f"{earlier.requests} to {later.requests}"] = statistics.median(between or [later.rss_mb])
    return found


def draw(found: Mapping[str, Any], file: str) -> None:
    """RSS over requests."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    curve: Sequence[tuple[float, int, float]] = found["curve"]
    rests: Sequence[Mapping[str, float]] = found["at_rest"]
    axes.plot([done for _, done, _ in curve], [rss for *_, rss in curve], label="under load")
    axes.plot([one["requests"] for one in rests], [one["rss_mb"] for one in rests], "o", label="at rest")
    base = next(iter(found["rss_under_load_mb"].values()))
    axes.axhspan(
        base * (1 - FLAT),
        base * (1 + FLAT),
        alpha=0.15,
        label="± 5 % of the median between the first two rests",
    )
    axes.set_xlabel("requests")
    axes.set_ylabel("RSS in MB")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(file, dpi=120)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parsed(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--disconnects", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=int, default=LONGEST, help="length of the longest texts, in 6 s")
    parser.add_argument("--model", type=Path, help="a Kokoro ONNX file; default: a tiny one")
    parser.add_argument("--voices")
    parser.add_argument("--plot", help="a PNG of the memory over the requests")
    parser.add_argument(
        "--set", action="append", default=[], help="further settings of the server, KEY=VALUE"
    )
    options = parser.parse_args(argv)
    if bool(options.model) != bool(options.voices):
        parser.error("--model and --voices go together")
    return options


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report of one soak."""
    asks = plan(random.Random(options.seed), options.requests, options.disconnects, options.longest)
    with tempfile.TemporaryDirectory() as folder:
        model, voices = options.model, options.voices
        if model is None:
            tiny = write_tiny_model(Path(folder))
            model, voices = tiny.model, tiny.voices
        settings = {
            **speaking(model, voices),
            "engine.models.espeak": "espeak",
            "log.level": "error",
            "log.format": "json",
            **CACHES,
        }
        further = ["--enable", "cache", "--enable", "metrics", *assignments(options.set)]
        with serving(settings, *further) as served:
            soak = Soak(served, asks, options.clients)
            seconds = asyncio.run(soak.run())
            return report(soak, seconds)


def main() -> None:
    """Run everything and print one JSON object."""
    options = parsed()
    found = run(options)
    if options.plot:
        draw(found, options.plot)
    print(json.dumps(found))
    raise SystemExit(1 if found["verdict"] else 0)


if __name__ == "__main__":
    main()
