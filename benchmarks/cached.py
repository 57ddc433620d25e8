"""Cached answers over HTTP: how many a second, and how soon, against the same answers made anew.

    python -m benchmarks.cached [--seconds 5] [--engine espeak] [--set KEY=VALUE …]

Needs `wrk` (Debian's package of that name). One `koe serve` with one process for each cache state:

- `answer kept`: the whole answer is in memory;
- `segments kept`: their audio is in memory, processors and encoder run (`cache.answers_bytes = 0`);
- `not cached`: everything is made anew (`"cache": "bypass"`).

Prints JSON: hardware, requests a second, the percentiles of the time to the last byte, and the server's
processor time for one request, which other work on the machine disturbs least.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

BODY = {"input": "Hello there, this is a test.", "response_format": "mp3"}
STATES: Mapping[str, tuple[str, str]] = {
    "answer kept": ("cache.answers_bytes=32000000", "use"),
    "segments kept": ("cache.answers_bytes=0", "use"),
    "not cached": ("cache.answers_bytes=0", "bypass"),
}
CONNECTIONS = (1, 4)
_REPORT = """
done = function(summary, latency)
    io.stdout:write(string.format("\\nKOE %d %d %f %f %f\\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


@contextmanager
def serving(options: Sequence[str]) -> Iterator[tuple[str, psutil.Process]]:
    """A server's URL and its process."""
    command = [sys.executable, "-m", "koe.cli", "serve", "--port", "0", "--enable", "cache", *options]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"koe listens on (\S+)\n", line)
            if match is None:
                log.seek(0)
                raise SystemExit(f"koe serve said {line!r}\n{log.read().decode()}")
            yield match[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def measured(
    server: psutil.Process, url: str, body: Mapping[str, str], connections: int, seconds: int
) -> dict[str, float | int]:
    """What `wrk` finds. The request was answered once before."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(
            f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
            f"wrk.body = {json.dumps(json.dumps(body))}\n{_REPORT}",
            encoding="utf-8",
        )
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
        before = cpu_s(server)
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = cpu_s(server) - before
    if "Non-2xx" in found:
        raise SystemExit(f"not all requests were answered:\n{found}")
    match = re.search(r"KOE (\d+) (\d+) (\S+) (\S+) (\S+)", found)
    assert match, found
    requests, duration_us, *latencies_us = map(float, match.groups())
    p50, p95, p99 = (round(latency / 1000, 3) for latency in latencies_us)
    per_second = round(requests / duration_us * 1e6, 1)
    latencies = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    cpu_ms = round(used / requests * 1000, 3)
    return {"connections": connections, "per_second": per_second, **latencies, "cpu_ms": cpu_ms}


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--engine", default="espeak")
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    results = []
    for state, (answers, use) in STATES.items():
        sets = [f"engine.default={arguments.engine}", answers, *arguments.set]
        with serving([part for each in sets for part in ("--set", each)]) as (server, process):
            url, body = f"{server}/v1/audio/speech", {**BODY, "cache": use}
            answer = httpx.post(url, json=body, timeout=60).raise_for_status()
            for connections in CONNECTIONS:
                found = measured(process, url, body, connections, arguments.seconds)
                results.append({"state": state, "bytes": len(answer.content), **found})
    hardware = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    print(
        json.dumps(
            {"hardware": hardware, "engine": arguments.engine, "body": BODY, "results": results}, indent=2
        )
    )


if __name__ == "__main__":
    main()
