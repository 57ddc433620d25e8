"""Many listeners at once: how soon each hears something, who runs dry, who is refused, what is made.

    python -m benchmarks.concurrency --model kokoro.onnx --voices voices.bin    # about half an hour
    python -m benchmarks.concurrency --short                                    # minutes, with a tiny model

Starts `koe serve` as a process of its own, without any cache, and measures over HTTP, as PCM, with random
texts:

- *capacity*: audio seconds made in one second while more whole answers are asked for than it has threads;
- `streams`: so many clients, each with one stream after the other, whatever the server refuses counted;
- `loads`: players that come by chance (Poisson), so many that their texts need 0.7 and 3 times the capacity.

A *player* starts with the first piece that it gets, and runs dry (an *underrun*) when it has played all that
has come and the answer goes on more than 10 ms later. Time to first audio is from the request until the
first sample above -50 dB of full scale has come; a refusal is timed until the whole 503 is there.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import define, field, frozen
from koe.bench.player import Played, play
from koe.bench.texts import WORDS
from koe.bench.timeline import timeline
from koe.cores import Sharing
from koe.settings import InferenceSettings
from koe.testing.tiny_model import write_tiny_model

from benchmarks.report import Conditions, Report, percentiles, tell, threads
from benchmarks.report import options as shared_options
from benchmarks.servers import BYTES_PER_S, assignments, serving, speaking

LOADS = (0.7, 3.0)
STREAMS = (1, 2, 4, 8, 16)
TINY_SLOWNESS = 10
"""With it, the tiny model is about as slow as an optimized full one."""
DEFINITIONS = {
    "capacity_audio_s_per_s": (
        "audio seconds made in a second while more whole answers are asked for than there are threads"
    ),
    "first_audio_ms": "from the request until the first sample above -50 dB of full scale has come (pcm)",
    "players_that_ran_dry": (
        "players that had played all that had come while the answer went on more than 10 ms later; a player "
        "starts with the first piece that it gets"
    ),
    "longest_gap_ms": "the longest time for which a player had nothing to play",
    "refusal_ms": "from the request until the whole 503 was there",
    "audio_s_per_s": "seconds of audio that all players got, for a second of the measurement",
    "load": "so many times the capacity is what the players would need, who come by chance (Poisson)",
}


@frozen
class Player:
    """What one listener got: `played`, or a refusal after `refused_s`."""

    asked_at: float
    played: Played | None = None
    refused_s: float | None = None

    @property
    def plays_until(self) -> float:
        """When it has played all, on the clock of `asked_at`; a second after a refusal."""
        if self.played is None:
            return self.asked_at + (self.refused_s or 0) + 1.0
        return self.asked_at + self.played.plays_until_s


@define
class Texts:
    """Random texts: one to six sentences of two to thirty words."""

    chance: random.Random = field(factory=lambda: random.Random(1))

    def text(self) -> str:
        sentences = []
        for _ in range(self.chance.randint(1, 6)):
            words = [self.chance.choice(WORDS) for _ in range(self.chance.choice((2, 5, 8, 12, 20, 30)))]
            if len(words) > 10:
                words[len(words) // 2] += ","
            sentences.append(" ".join(words).capitalize() + ".")
        return " ".join(sentences)


@define
class Client:
    """Asks one server."""

    http: httpx.AsyncClient
    texts: Texts = field(factory=Texts)

    async def listen(self, text: str) -> Player:
        body = {"input": text, "response_format": "pcm", "cache": "bypass"}
        audio, arrivals, asked_at = bytearray(), list[tuple[float, int]](), time.perf_counter()
        async with self.http.stream("POST", "/v1/audio/speech", json=body) as response:
            if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                await response.aread()
                return Player(asked_at, refused_s=time.perf_counter() - asked_at)
            response.raise_for_status()
            async for piece in response.aiter_raw():
                audio += piece
                arrivals.append((time.perf_counter() - asked_at, len(audio)))
        return Player(asked_at, play(arrivals, timeline("pcm", bytes(audio))))

    async def whole_s(self, text: str) -> float:
        """Seconds of audio of a whole answer."""
        body = {"input": text, "response_format": "pcm", "stream": False, "cache": "bypass"}
        response = (await self.http.post("/v1/audio/speech", json=body)).raise_for_status()
        return len(response.content) / BYTES_PER_S


async def capacity(client: Client, places: int, seconds: float) -> tuple[float, float]:
    """Audio seconds per second, and the mean seconds of one text's audio."""
    made: list[float] = []
    begun = time.perf_counter()

    async def ask() -> None:
        while time.perf_counter() < begun + seconds:
            made.append(await client.whole_s(client.texts.text()))

    await asyncio.gather(*(ask() for _ in range(places + 2)))
    return sum(made) / (time.perf_counter() - begun), statistics.mean(made)


async def streams(client: Client, count: int, each: int) -> dict[str, object]:
    """`count` clients, each with `each` streams one after the other, played to their end."""
    begun, players = time.perf_counter(), list[Player]()

    async def listener() -> None:
        for _ in range(each):
            player = await client.listen(client.texts.text())
            players.append(player)
            await asyncio.sleep(player.plays_until - time.perf_counter())

    await asyncio.gather(*(listener() for _ in range(count)))
    return {"streams": count, **summary(players, time.perf_counter() - begun)}


async def load(client: Client, share: float, players_per_s: float, count: int) -> dict[str, object]:
    """`count` players that come by chance."""
    chance, begun = random.Random(2), time.perf_counter()
    tasks: list[asyncio.Task[Player]] = []
    for _ in range(count):
        await asyncio.sleep(chance.expovariate(players_per_s))
        tasks.append(asyncio.create_task(client.listen(client.texts.text())))
    players = await asyncio.gather(*tasks)
    return {"load": share, **summary(players, time.perf_counter() - begun)}


def summary(players: Sequence[Player], seconds: float) -> dict[str, object]:
    heard = [player.played for player in players if player.played is not None]
    refusals = [player.refused_s for player in players if player.refused_s is not None]
    firsts = [played.first_sound_s for played in heard if played.first_sound_s is not None]
    gaps = [gap for played in heard for gap in played.gaps_s]
    return {
        "players": len(players),
        "heard": len(heard),
        "refused": len(refusals),
        "refusal_ms": percentiles(refusals, scale=1000),
        "first_audio_ms": percentiles(firsts, scale=1000),
        "players_that_ran_dry": sum(bool(played.gaps_s) for played in heard),
        "longest_gap_ms": round(max(gaps, default=0.0) * 1000),
        "audio_s_per_s": round(sum(played.audio_s for played in heard) / seconds, 2),
    }


async def measure(url: str, options: argparse.Namespace) -> dict[str, object]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits) as http:
        client = Client(http)
        await client.whole_s(client.texts.text())
        per_s, mean_s = await capacity(client, sharing(options).places, options.seconds)
        tell(f"capacity: {per_s:.1f} audio seconds per second")
        by_streams, by_load = [], []
        for count in STREAMS:
            by_streams.append(await streams(client, count, options.each))
            tell(json.dumps(by_streams[-1]))
        for share in LOADS:
            by_load.append(await load(client, share, share * per_s / mean_s, options.players))
            tell(json.dumps(by_load[-1]))
        described = (await http.get("/v1/capabilities")).json()
    return {
        "engine": described["engines"][0],
        "limits": described["limits"],
        "capacity_audio_s_per_s": round(per_s, 2),
        "mean_audio_s": round(mean_s, 2),
        "streams": by_streams,
        "loads": by_load,
    }


def parsed() -> argparse.Namespace:
    parser = shared_options(__doc__ or "", model=True)
    parser.add_argument("--variant", default="", help="what the model is, for the report")
    parser.add_argument("--threads", type=int, default=0, help="within one inference; 0: all cores")
    parser.add_argument("--concurrency", type=int, default=0, help="inferences at a time; 0: as koe does")
    parser.add_argument("--players", type=int, help="for each load (500, short: 30)")
    parser.add_argument("--each", type=int, help="streams of each client (10, short: 2)")
    parser.add_argument("--seconds", type=float, help="of measuring the capacity (60, short: 5)")
    parser.add_argument("--short", action="store_true", help="few of everything, to see that it runs")
    parser.add_argument(
        "--set", action="append", default=[], help="further settings of the server, KEY=VALUE"
    )
    options = parser.parse_args()
    if bool(options.model) != bool(options.voices):
        parser.error("--model and --voices go together")
    players, each, seconds = (30, 2, 5.0) if options.short else (500, 10, 60.0)
    options.players, options.each = options.players or players, options.each or each
    options.seconds = options.seconds or seconds
    return options


def sharing(options: argparse.Namespace) -> Sharing:
    return Sharing.of(InferenceSettings(threads=options.threads, concurrency=options.concurrency))


@contextmanager
def files(options: argparse.Namespace) -> Iterator[tuple[Path, Path]]:
    """Model and voices: the given ones, else tiny ones."""
    if options.model:
        yield Path(options.model), Path(options.voices)
        return
    with tempfile.TemporaryDirectory() as folder:
        tiny = write_tiny_model(Path(folder), slow=TINY_SLOWNESS)
        yield tiny.model, tiny.voices


def main() -> None:
    options = parsed()
    report = Report("concurrency", options)
    threading = {"inference.threads": options.threads, "inference.concurrency": options.concurrency}
    with files(options) as (model, voices):
        settings = {**speaking(model, voices), **threading, "limits.max_concurrent": 64}
        with serving(settings, *assignments(options.set)) as server:
            found = asyncio.run(measure(server.url, options))
    variant = options.variant or ("as given" if options.model else "tiny test model")
    conditions = Conditions(threads(options.threads, options.concurrency), variant, "none", DEFINITIONS)
    report.write(conditions, found)


if __name__ == "__main__":
    main()
