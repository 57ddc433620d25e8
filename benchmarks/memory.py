"""What a server keeps in memory: when it has started, after a book's chapter, after thousands of requests.

    python -m benchmarks.memory --model kokoro-v1.0.onnx --voices voices-v1.0.bin    # Linux

For the stock model, for the optimized one where it lies beside it, and for the embedded voice, a `koe serve`
of its own is looked at (`/proc/PID/smaps_rollup`) after its start, after its first answer, after one request
with `--characters` characters, streamed and read to its end, and after every tenth of `--requests` mixed
requests: one to six words, all formats, streamed and whole, four at a time. The stock model gets a tenth of
these requests, since they take it longest.
"""

import argparse
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks import texts
from benchmarks.report import Conditions, Report, options, tell, threads, variants, with_model
from benchmarks.servers import EMBEDDED, Server, audio_s, serving, speaking

FORMATS = ("mp3", "wav", "opus", "pcm", "flac", "aac", "vorbis")
CLIENTS = 4
REFUSED = httpx.codes.SERVICE_UNAVAILABLE
STEPS = 10
DEFINITIONS = {
    "rss_mb": "resident memory in 10^6 bytes, Rss of /proc/PID/smaps_rollup",
    "pss_mb": "the same with pages that processes share divided among them",
    "anonymous_mb": "the part of rss_mb that no file is behind: heap, stacks, working memory of inference",
    "file_mb": "the rest of rss_mb: libraries, and the model where its weights are mapped",
    "growth_percent": "rss_mb after all mixed requests against rss_mb after the first tenth of them",
    "since_long_percent": "the same against rss_mb after the long request",
    "peak_mb": "the most that was resident at any time, VmHWM of /proc/PID/status",
    "long_request_s": "seconds until the whole answer to the long request was there",
    "long_audio_s": "seconds of audio in it",
}


def memory(server: Server) -> dict[str, float]:
    """What is resident now."""
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text("ascii")
    kilobytes = {
        line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.endswith("kB")
    }
    rss, pss, anonymous = (kilobytes[name] * 1024 / 1e6 for name in ("Rss", "Pss", "Anonymous"))
    found = {"rss_mb": rss, "pss_mb": pss, "anonymous_mb": anonymous, "file_mb": rss - anonymous}
    return {name: round(value, 1) for name, value in found.items()}


def peak_mb(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) * 1024 / 1e6, 1)


def measured(settings: Mapping[str, Any], characters: int, requests: int) -> dict[str, Any]:
    with serving(settings) as server:
        points: list[dict[str, Any]] = [{"after": "start", **memory(server)}]
        audio_s(server.url, {"input": "Hello there, this is a test."})
        points.append({"after": "first answer", **memory(server)})
        start = time.perf_counter()
        audio = audio_s(server.url, {"input": texts.of_characters(characters)})
        long_s = time.perf_counter() - start
        long = memory(server)
        points.append({"after": f"{characters:,} characters", **long})
        series: list[dict[str, float]] = []
        for step in range(STEPS):
            mixed(server.url, requests // STEPS, seed=step + 1)
            series.append({"requests": (step + 1) * (requests // STEPS), **memory(server)})
        points.append({"after": f"{requests:,} requests", **memory(server)})
        peak = peak_mb(server)
    first, *_, last = (one["rss_mb"] for one in series)
    return {
        "points": points,
        "series": series,
        "requests": requests,
        "growth_percent": round((last / first - 1) * 100, 1),
        "since_long_percent": round((last / long["rss_mb"] - 1) * 100, 1),
        "peak_mb": peak,
        "long_request_s": round(long_s, 1),
        "long_audio_s": round(audio, 1),
    }


def mixed(url: str, count: int, seed: int) -> None:
    """So many requests, a few at a time, all read to their end."""
    with httpx.Client(base_url=url, timeout=600) as client, ThreadPoolExecutor(CLIENTS) as pool:

        def ask(numbered: tuple[int, str]) -> None:
            number, text = numbered
            name, stream = FORMATS[number % len(FORMATS)], bool(number // len(FORMATS) % 2)
            body = {"input": text, "response_format": name, "stream": stream}
            while (answer := client.post("/v1/audio/speech", json=body)).status_code == REFUSED:
                time.sleep(0.05)
            answer.raise_for_status()

        list(pool.map(ask, enumerate(islice(texts.short(seed), count))))


def main() -> None:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--characters", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=2_000)
    given = with_model(parser)
    report, found = Report("memory", given), {}
    for name, (settings, requests) in plans(given).items():
        found[name] = measured(settings, given.characters, requests)
        tell(f"{name}: {found[name]}")
    conditions = Conditions(threads(), "stock, optimized and embedded, as named", "none", DEFINITIONS)
    report.write(conditions, {"characters": given.characters, "clients": CLIENTS, "variants": found})


def plans(given: argparse.Namespace) -> dict[str, tuple[Mapping[str, Any], int]]:
    """The settings and the number of mixed requests of each variant."""
    few = {"stock": max(STEPS, given.requests // 10)}
    found = {
        name: (speaking(path, given.voices), few.get(name, given.requests))
        for name, path in variants(given.model).items()
    }
    return {**found, "embedded": (EMBEDDED, given.requests)}


if __name__ == "__main__":
    main()
