"""How fast and how small the server with the embedded voice is.

    python -m benchmarks.embedded

Starts `koe serve` as a process and prints, as JSON: seconds from the start of the process to the first
200 of `/health/ready` (median of 3 starts), whole answers per second (8 connections, short texts all
different, so that nothing could be cached), and the resident memory of the server process after that.
"""

import asyncio
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import psutil

FORMATS = ("wav", "mp3", "opus")
CONNECTIONS = 8
SECONDS = 8.0


@contextmanager
def _server():
    """The process, its URL and the seconds until it was ready."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "koe.cli", "serve", "--port", "0", "--set", "engine.default=espeak",
         "--set", "log.level=warning"],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        select.select([process.stdout], [], [], 30)
        url = process.stdout.readline().rpartition(" ")[2].strip()
        while httpx.get(f"{url}/health/ready").status_code != 200:
            time.sleep(0.01)
        yield process, url, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(30)


async def _answers_per_second(url: str, name: str) -> float:
    """Whole answers to short texts, all different, over `CONNECTIONS` kept connections."""
    done = 0
    deadline = time.perf_counter() + SECONDS

    async def client(number: int) -> None:
        nonlocal done
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            count = 0
            while time.perf_counter() < deadline:
                text = f"Hello number {number * 100_000 + count}."
                body = {"input": text, "response_format": name, "stream": False}
                response = await http.post("/v1/audio/speech", json=body)
                response.raise_for_status()
                count += 1
                done += 1

    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    return done / SECONDS


def main() -> None:
    """Run everything and print one JSON object."""
    ready = []
    for _ in range(3):
        with _server() as (_, _, seconds):
            ready.append(seconds)
    with _server() as (process, url, _):
        rates = {name: round(asyncio.run(_answers_per_second(url, name)), 1) for name in FORMATS}
        rss = psutil.Process(process.pid).memory_info().rss
    report = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "ready_s": round(statistics.median(ready), 2),
        "whole_answers_per_s": rates,
        "connections": CONNECTIONS,
        "client": "httpx in one process on the same cores",
        "rss_mb": round(rss / 1e6, 1),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
