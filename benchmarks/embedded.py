"""How fast and how small the server with the embedded voice is.

    python -m benchmarks.embedded

Starts `koe serve` as a process and prints, as JSON: seconds from the start of the process to the first
200 of `/health/ready` (median of 3 starts), whole answers per second to texts of two words, of three and to
longer ones (8 connections, all texts different, so that nothing could be cached), how many seconds of audio
they have, the server's processor time for each, and the resident memory of the server process after that.
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
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import psutil

FORMATS = ("wav", "mp3", "opus")
CONNECTIONS = 8
SECONDS = 8.0
GREETINGS = """Hello Hi Hey Welcome Thanks Goodbye Cheers Congratulations Greetings Please Sorry Bravo Listen
Look Stop Wait Come Yes No Maybe Sure Fine Good Great Ready Careful Attention Enough Quiet Morning""".split()
NAMES = """Anna Ben Clara David Emma Frank Grace Henry Iris Jack Kate Leo Mary Noah Olive Paul Quinn Rose Sam
Tess Uma Victor Wendy Xavier Yara Zoe Alice Bruno Cora Dylan""".split()


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


def _greeting(number: int) -> str:
    """One of 2,610 texts of two words: about 1 s of speech, pause included."""
    rest, mark = divmod(number % 2_610, 3)
    greeting, name = divmod(rest, 30)
    return f"{GREETINGS[greeting]} {NAMES[name]}{'.!?'[mark]}"


def _three_words(number: int) -> str:
    """One of 26,100 texts of three words: about 1.3 s of speech, pause included."""
    greeting, rest = divmod(number % 26_100, 900)
    first, last = divmod(rest, 30)
    return f"{GREETINGS[greeting]} {NAMES[first]} {NAMES[last]}."


def _longer(number: int) -> str:
    """A greeting with a number of six digits: about 3 s of speech."""
    return f"Hello number {100_000 + number}."


def _audio_s(url: str, text: str) -> float:
    body = {"input": text, "response_format": "pcm", "stream": False}
    return len(httpx.post(f"{url}/v1/audio/speech", json=body).content) / 2 / 24_000


def _measured(
    process: subprocess.Popen[str], url: str, name: str, texts: Callable[[int], str]
) -> dict[str, float]:
    used = psutil.Process(process.pid).cpu_times
    before = used()
    rate = _answers_per_second(url, name, texts)
    after = used()
    cpu_s = after.user + after.system - before.user - before.system
    return {"per_s": round(rate, 1), "server_cpu_ms": round(1000 * cpu_s / (rate * SECONDS), 1)}


def _answers_per_second(url: str, name: str, texts: Callable[[int], str]) -> float:
    """Whole answers to texts that are all different, over `CONNECTIONS` kept connections."""
    deadline = time.perf_counter() + SECONDS

    def client(number: int) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        count = 0
        while time.perf_counter() < deadline:
            text = texts(count * CONNECTIONS + number)
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


KINDS: Mapping[str, Callable[[int], str]] = {
    "two words": _greeting,
    "three words": _three_words,
    "longer": _longer,
}


def main() -> None:
    """Run everything and print one JSON object."""
    ready = []
    for _ in range(3):
        with _server() as (_, _, seconds):
            ready.append(seconds)
    with _server() as (process, url, _):
        answers = {
            f"{name} {kind}": _measured(process, url, name, texts)
            for kind, texts in KINDS.items()
            for name in FORMATS
        }
        audio_s = {
            kind: round(statistics.median(_audio_s(url, texts(number)) for number in range(0, 9_000, 450)), 2)
            for kind, texts in KINDS.items()
        }
        rss = psutil.Process(process.pid).memory_info().rss
    report = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "ready_s": round(statistics.median(ready), 2),
        "whole_answers": answers,
        "audio_s_median": audio_s,
        "connections": CONNECTIONS,
        "client": "http.client threads in one process on the same cores",
        "rss_mb": round(rss / 1e6, 1),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
