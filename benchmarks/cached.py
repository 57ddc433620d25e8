"""Cached answers over HTTP: how many a second, and how soon, against the same answers made anew.

    python -m benchmarks.cached [--seconds 5] [--engine espeak] [--set KEY=VALUE …]

Needs `wrk` (Debian's package of that name). One `koe serve` with one process for each cache state:

- `answer kept`: the whole answer is in memory;
- `segments kept`: their audio is in memory, processors and encoder run (`cache.answers_bytes = 0`);
- `not cached`: everything is made anew (`"cache": "bypass"`).

The server's processor time for one request is what other work on the machine disturbs least.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from benchmarks.report import Conditions, Report, options, threads
from benchmarks.servers import assignments, cpu_s, serving

BODY = {"input": "Hello there, this is a test.", "response_format": "mp3"}
STATES: Mapping[str, tuple[str, str]] = {
    "answer kept": ("cache.answers_bytes=32000000", "use"),
    "segments kept": ("cache.answers_bytes=0", "use"),
    "not cached": ("cache.answers_bytes=0", "bypass"),
}
CONNECTIONS = (1, 4)
DEFINITIONS = {
    "per_second": "whole answers to one request again and again, by wrk on the same machine",
    "p50_ms": "from the request until the last byte of the answer, median",
    "p95_ms": "the same, 95th percentile",
    "p99_ms": "the same, 99th percentile",
    "cpu_ms": "the server's processor time for one request",
    "bytes": "of one answer",
}
_REPORT = """
done = function(summary, latency)
    io.stdout:write(string.format("\\nKOE %d %d %f %f %f\\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


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


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--engine", default="espeak")
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    report, rows = Report("cached", given), []
    for state, (answers, use) in STATES.items():
        further = ["--enable", "cache", *assignments([answers, *given.set])]
        with serving({"engine.default": given.engine}, *further) as server:
            url, body = f"{server.url}/v1/audio/speech", {**BODY, "cache": use}
            answer = httpx.post(url, json=body, timeout=60).raise_for_status()
            for connections in CONNECTIONS:
                found = measured(server.process, url, body, connections, given.seconds)
                rows.append({"state": state, "bytes": len(answer.content), **found})
    conditions = Conditions(threads(), f"engine {given.engine}", "as `state` says, in memory", DEFINITIONS)
    report.write(conditions, {"body": BODY, "rows": rows})


if __name__ == "__main__":
    main()
