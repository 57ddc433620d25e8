"""How long `koe serve` takes until it is ready, and where the time goes.

    python -m benchmarks.startup --model kokoro-v1.0.onnx --voices voices-v1.0.bin

For the embedded voice, for the stock model and for the optimized one where it lies beside it: `--runs` starts
each, in turns, and as many more in which the server itself notes when it is where. The files were read
before, so that the disk takes no part.
"""

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks.report import Conditions, Report, options, tell, threads, variants, with_model
from benchmarks.servers import EMBEDDED, serving, sets, speaking

PHASES = ("imports", "plugins", "model", "warm-up", "rest")
DEFINITIONS = {
    "ready_s": "from the start of the process to the first 200 of /health/ready, median",
    "slowest_s": "the same, the slowest of the starts",
    "first_answer_s": "from the start of the process until the whole answer to 'Hello.' (wav) was there",
    "phases_s": (
        "medians in other starts: imports = Python and koe's modules; plugins = the configuration, and the "
        "enabled plugins with their tables; model = opening the engine; warm-up = a short inference, and "
        "as many as run at a time, which are measured; rest = everything until the server listens"
    ),
    "imports_ms": "time in each top-level package's own modules (-X importtime), least of 3, the 12 largest",
}
HELLO = {"input": "Hello.", "response_format": "wav"}


def started(settings: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds until ready, and until the first answer."""
    with serving(settings) as server:
        start = time.perf_counter()
        httpx.post(f"{server.url}/v1/audio/speech", json=HELLO, timeout=60).raise_for_status()
        return server.ready_s, server.ready_s + time.perf_counter() - start


def phases(settings: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of each phase of one start, told by the server itself."""
    command = [sys.executable, "-m", "benchmarks.startup_trace", str(time.time()), *sets(settings)]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    marks: dict[str, float] = json.loads(found.stdout)
    ends = [marks.get(name, 0.0) for name in PHASES]
    for index in range(1, len(ends)):  # a phase that did not happen took no time
        ends[index] = max(ends[index], ends[index - 1])
    return {name: end - start for name, start, end in zip(PHASES, [0.0, *ends], ends, strict=False)}


def imports_ms() -> dict[str, float]:
    """The packages whose modules take longest to import."""
    least: dict[str, float] = {}
    for _ in range(3):
        command = [sys.executable, "-X", "importtime", "-c", "import koe.cli.main, koe.cli.serve"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        times: Counter[str] = Counter()
        for line in told.splitlines():
            own, _, module = line.removeprefix("import time:").split("|")
            if own.strip().isdecimal():
                times[module.strip().partition(".")[0]] += int(own)
        least = {name: min(us / 1000, least.get(name, us / 1000)) for name, us in times.items()}
    largest = sorted(least, key=lambda name: -least[name])[:12]
    return {name: round(least[name], 1) for name in largest}


def measured(plans: Mapping[str, Mapping[str, Any]], runs: int) -> dict[str, Any]:
    for settings in plans.values():
        started(settings)
    starts = {name: [started(settings) for settings in [plans[name]] * runs] for name in plans}
    traced = {name: [phases(settings) for settings in [plans[name]] * runs] for name in plans}
    return {
        name: {
            "ready_s": round(statistics.median(ready for ready, _ in starts[name]), 2),
            "slowest_s": round(max(ready for ready, _ in starts[name]), 2),
            "first_answer_s": round(statistics.median(first for _, first in starts[name]), 2),
            "phases_s": {
                phase: round(statistics.median(run[phase] for run in traced[name]), 3) for phase in PHASES
            },
        }
        for name in plans
    }


def main() -> None:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--runs", type=int, default=5)
    given = with_model(parser)
    report = Report("startup", given)
    plans: dict[str, Mapping[str, Any]] = {"embedded": EMBEDDED}
    plans |= {name: speaking(path, given.voices) for name, path in variants(given.model).items()}
    found = measured(plans, given.runs)
    tell(json.dumps(found))
    conditions = Conditions(threads(), "embedded, stock and optimized, as named", "none", DEFINITIONS)
    report.write(conditions, {"runs": given.runs, "variants": found, "imports_ms": imports_ms()})


if __name__ == "__main__":
    main()
