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
3. *Pauses* after the warm-up (20 %) and 25, 50, 75 and 100 %: once no request is in flight, memory (RSS),
   file descriptors, threads and asyncio tasks of the server are read.

An answer is *wrong* where its bytes differ from the serial run's, *short* where its audio also lasts longer
or shorter, and *lost* where it did not come, ended early or took over 300 s. (Cached samples are kept as they
are, `cache.storage = "float32"`: rounded to 16 bits, the default, they would give other bytes in lossy
formats.)
Prints JSON; exits with 1 where an answer was wrong, short or lost, something leaked, or the median of the
memory between two pauses was not within 5 % of that between the first two.
"""

import argparse
import asyncio
import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from koe.testing.tiny_model import write_tiny_model

from benchmarks.servers import assignments, serving, speaking
from benchmarks.soak_plan import LONGEST, plan
from benchmarks.soak_report import draw, report
from benchmarks.soak_run import SAMPLE_S, Soak

CACHES: Mapping[str, object] = {
    "cache.answers_bytes": 8_000_000,
    "cache.storage": "float32",
    "plugins.cache.memory.max_bytes": 16_000_000,
}
"""Full after some hundred requests: what grows afterwards is no cache."""


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
            "plugins.metrics.sample_s": SAMPLE_S,
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
