"""What an idle model gives back: the memory before a load, with the model, and after it was unloaded.

    python -m benchmarks.unload --model kokoro-v1.0.onnx --voices voices-v1.0.bin    # Linux

For the stock model, and for the optimized one where it lies beside it, a `koe serve` of its own with
`engine.unload_after_s` is looked at (`/proc/PID/smaps_rollup`): `--cycles` times unloaded, then after the
first answer, which loads the model, and after `--requests` more. The server has spoken once before that, so
that what it loads beside the model is there.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks import texts
from benchmarks.memory import memory
from benchmarks.report import Conditions, Report, options, tell, threads, variants, with_model
from benchmarks.servers import Server, audio_s, serving, speaking

IDLE_S = 2.0
DEFINITIONS = {
    "unloaded": "memory while the model is unloaded, which is before the load that follows",
    "first_answer": "memory after the answer that loaded it",
    "answers": "memory after the other requests, of 1 to 6 words, one after the other",
    "unloaded_again": "memory after the model was unloaded again",
    "rss_mb": "resident memory in 10^6 bytes, Rss of /proc/PID/smaps_rollup",
    "pss_mb": "the same with pages that processes share divided among them",
    "anonymous_mb": "the part of rss_mb that no file is behind",
    "file_mb": "the rest of rss_mb: libraries, and the model where its weights are mapped",
    "kept_percent": "rss_mb of unloaded_again against rss_mb of unloaded",
    "load_s": "seconds from a request of two words to the end of its answer, which loads the model",
    "loaded_s": "the same while the model is in memory",
}


def until_unloaded(server: Server) -> None:
    while set(httpx.get(f"{server.url}/health/ready").json()["model_state"].values()) != {"unloaded"}:
        time.sleep(0.1)


def seconds(server: Server) -> float:
    start = time.perf_counter()
    audio_s(server.url, {"input": "Good morning."})
    return round(time.perf_counter() - start, 2)


def cycle(server: Server, requests: int, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {"unloaded": memory(server), "load_s": seconds(server)}
    found |= {"loaded_s": seconds(server), "first_answer": memory(server)}
    for text, _ in zip(texts.short(seed), range(requests), strict=False):
        audio_s(server.url, {"input": text})
    found["answers"] = memory(server)
    until_unloaded(server)
    found["unloaded_again"] = memory(server)
    before, after = found["unloaded"]["rss_mb"], found["unloaded_again"]["rss_mb"]
    return {**found, "kept_percent": round((after / before - 1) * 100, 1)}


def measured(settings: Mapping[str, Any], requests: int, cycles: int) -> list[dict[str, Any]]:
    with serving({**settings, "engine.unload_after_s": IDLE_S}) as server:
        audio_s(server.url, {"input": "Hello there, this is a test."})
        until_unloaded(server)
        return [cycle(server, requests, seed) for seed in range(cycles)]


def main() -> None:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--cycles", type=int, default=3)
    given = with_model(parser)
    report, found = Report("unload", given), {}
    for name, path in variants(given.model).items():
        found[name] = measured(speaking(path, given.voices), given.requests, given.cycles)
        tell(f"{name}: {found[name]}")
    report.write(Conditions(threads(), "stock and optimized, as named", "none", DEFINITIONS), found)


if __name__ == "__main__":
    main()
