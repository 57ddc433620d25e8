"""How fast and how small the server with the embedded voice is.

    python -m benchmarks.embedded

Starts `koe serve` as a process and prints, as JSON: seconds from the start of the process to the first
200 of `/health/ready` (median of 3 starts), whole answers per second (8 connections, short texts all
different, so that nothing could be cached), and the resident memory of the server process after that.
"""

import http.client
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

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


def _answers_per_second(url: str, name: str) -> float:
    """Whole answers to short texts, all different, over `CONNECTIONS` kept connections."""
    deadline = time.perf_counter() + SECONDS

    def client(number: int) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        count = 0
        while time.perf_counter() < deadline:
            text = f"Hello number {number * 100_000 + count}."
            body = json.dumps({"input": text, "response_format": name, "stream": False})
            connection.request("POST", "/v1/audio/speech", body, {"content-type": "application/json"})
            response = connection.getresponse()
            assert len(response.read()) == int(response.headers["content-length"])
            assert response.status == 200
            count += 1
        connection.close()
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(client, range(CONNECTIONS))) / SECONDS


def main() -> None:
    """Run everything and print one JSON object."""
    ready = []
    for _ in range(3):
        with _server() as (_, _, seconds):
            ready.append(seconds)
    with _server() as (process, url, _):
        rates = {name: round(_answers_per_second(url, name), 1) for name in FORMATS}
        rss = psutil.Process(process.pid).memory_info().rss
    report = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "ready_s": round(statistics.median(ready), 2),
        "whole_answers_per_s": rates,
        "connections": CONNECTIONS,
        "client": "http.client threads in one process on the same cores",
        "rss_mb": round(rss / 1e6, 1),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
