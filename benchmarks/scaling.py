"""How the cost grows: with the length of a text, with the number of requests, with the size of the cache.

    python -m benchmarks.scaling --model kokoro-v1.0.onnx --voices voices-v1.0.bin

- `text`: one streamed request after the other to a server with the optimized model (the given one where none
  lies beside it), texts of 10 to 20,000 characters, several of the short ones; medians.
- `requests`: a server with the embedded voice, in batches, one request after the other, texts of one to six
  words; what each batch cost.
- `cache`: the cache backends `memory` and `disk` with 10 to 100,000 values of 1,000 bytes in them: random
  keys are looked up, one at a time, in this process.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from koe_cache.config import DiskConfig, MemoryConfig
from koe_cache.disk import DiskBackend
from koe_cache.memory import MemoryBackend

from benchmarks import texts
from benchmarks.first_audio import arrivals, played
from benchmarks.memory import memory
from benchmarks.report import Conditions, Report, options, percentiles, tell, threads, variants, with_model
from benchmarks.servers import BYTES_PER_S, EMBEDDED, Server, cpu_s, serving, speaking

LENGTHS: Mapping[int, int] = {10: 5, 100: 5, 1_000: 3, 5_000: 1, 20_000: 1}
"""Characters, and how many such texts are spoken."""
ENTRIES = (10, 100, 1_000, 10_000, 100_000)
LOOKUPS = 2_000
VALUE_BYTES = 1_000
DEFINITIONS = {
    "first_audio_ms": "from the request until the first sample above -50 dB of full scale was received (pcm)",
    "seconds": "from the request until the last byte of the answer",
    "audio_s": "seconds of audio in the answer",
    "rtf": "seconds for a second of audio, of the whole answer over HTTP",
    "rss_mb": "resident memory of the server afterwards, 10^6 bytes",
    "cpu_ms": "processor time of the server for one request of the batch",
    "ms": "time of one request of the batch, median",
    "lookup_us": "microseconds from the call of `get` until the value was there, every key found",
    "filled_s": "seconds in which the values were put there",
}


def text_rows(server: Server, lengths: Mapping[int, int]) -> list[dict[str, float]]:
    _spoken(server, texts.of_characters(40, seed=99))
    rows = []
    for characters, times in lengths.items():
        runs = [_spoken(server, texts.of_characters(characters, seed)) for seed in range(times)]
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        row = {
            "characters": characters,
            "texts": times,
            "first_audio_ms": round(middle["first_audio_s"] * 1000),
            "seconds": round(middle["seconds"], 2),
            "audio_s": round(middle["audio_s"], 1),
            "rtf": round(middle["seconds"] / middle["audio_s"], 3),
            "rss_mb": memory(server)["rss_mb"],
        }
        tell(str(row))
        rows.append(row)
    return rows


def _spoken(server: Server, text: str) -> dict[str, float]:
    pieces = arrivals(server.url, text, heard_s=float("inf"))
    first_s, _ = played(pieces)
    audio_s = sum(len(piece) for _, piece in pieces) / BYTES_PER_S
    return {"first_audio_s": first_s, "seconds": pieces[-1][0], "audio_s": audio_s}


def request_rows(server: Server, batches: int, size: int) -> list[dict[str, float]]:
    rows, source = [], texts.short(seed=7)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for batch in range(batches):
            before, taken = cpu_s(server.process), []
            for _ in range(size):
                start = time.perf_counter()
                body = {"input": next(source), "response_format": "wav", "stream": False}
                client.post("/v1/audio/speech", json=body).raise_for_status()
                taken.append((time.perf_counter() - start) * 1000)
            used = cpu_s(server.process) - before
            row = {
                "requests": (batch + 1) * size,
                "ms": round(statistics.median(taken), 2),
                "cpu_ms": round(used / size * 1000, 2),
                "rss_mb": memory(server)["rss_mb"],
            }
            rows.append(row)
            tell(str(row))
    return rows


async def cache_rows(entries: tuple[int, ...], lookups: int) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        room = 4 * max(entries) * VALUE_BYTES
        disk = DiskBackend(DiskConfig(str(Path(folder) / "values.sqlite3"), room))
        for name, backend in (("memory", MemoryBackend(MemoryConfig(room))), ("disk", disk)):
            await backend.open()
            there = 0
            for count in entries:
                start = time.perf_counter()
                for number in range(there, count):
                    await backend.put(f"{number:064x}", os.urandom(VALUE_BYTES))
                filled_s, there = time.perf_counter() - start, count
                found = await _looked_up(backend, count, lookups)
                row = {"tier": name, "entries": count, "filled_s": round(filled_s, 2), "lookup_us": found}
                rows.append(row)
                tell(str(row))
            await backend.close()
    return rows


async def _looked_up(backend: MemoryBackend | DiskBackend, count: int, lookups: int) -> Any:
    chance, taken = random.Random(1), []
    for _ in range(lookups):
        key = f"{chance.randrange(count):064x}"
        start = time.perf_counter()
        value = await backend.get(key)
        taken.append(time.perf_counter() - start)
        if value is None:
            raise SystemExit(f"the value of {key} is gone")
    return percentiles(taken, scale=1e6, digits=1)


def main() -> None:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--longest", type=int, default=max(LENGTHS), help="characters of the longest text")
    parser.add_argument("--batches", type=int, default=10, help="of requests")
    parser.add_argument("--batch", type=int, default=100, help="requests in a batch")
    parser.add_argument("--entries", type=int, default=max(ENTRIES), help="of the fullest cache")
    given = with_model(parser)
    report, found = Report("scaling", given), {}
    name, path = list(variants(given.model).items())[-1]
    with serving(speaking(path, given.voices)) as server:
        lengths = {length: times for length, times in LENGTHS.items() if length <= given.longest}
        found["text"] = text_rows(server, lengths)
    with serving(EMBEDDED) as server:
        found["requests"] = request_rows(server, given.batches, given.batch)
    entries = tuple(count for count in ENTRIES if count <= given.entries)
    found["cache"] = asyncio.run(cache_rows(entries, LOOKUPS))
    variant = f"text: {name}; requests: embedded voice; cache: no engine"
    conditions = Conditions(threads(), variant, "none but the backends of `cache`", DEFINITIONS)
    report.write(conditions, {**found, "value_bytes": VALUE_BYTES})


if __name__ == "__main__":
    main()
