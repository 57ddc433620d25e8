"""How soon a streamed answer begins to sound, and whether it then plays without a gap.

    python -m benchmarks.first_audio --model kokoro-v1.0.onnx --voices voices-v1.0.bin

Starts a server on the stock model, one on the optimized model where it lies beside it, each as it is
configured by default, and one on the stock model that does not cut the first segments short
(`streaming.cut = "never"`). They get texts of 5, 20, 50 and 400 words over HTTP, one at a time and in turns,
so that other load on the machine hits all alike. Nothing is cached. Of each length the texts begin with the
same words, since it is those that the first audio waits for.
After `--heard` seconds of audio the client hangs up, but for the first text of each length.

Before and after, the time of one inference of ten phonemes by the stock model is taken, with nothing around
it, on all cores: what acceptance compares with.
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
from koe.bench.player import play
from koe.bench.timeline import timeline

from benchmarks import texts
from benchmarks.raw import raw_run
from benchmarks.report import Conditions, Report, options, percentiles, tell, threads, variants, with_model
from benchmarks.servers import BYTES_PER_S, serving, speaking

SIZES: Mapping[int, float] = {5: 1.0, 20: 1.0, 50: 0.5, 400: 0.5}
"""Words, and the share of `--rounds` that is spent on such texts."""
RAW_RUNS = 15
DEFINITIONS = {
    "first_audio_ms": "from the request until the first sample above -50 dB of full scale was received (pcm)",
    "longest_gap_ms": "the longest wait of a player that starts with the first piece",
    "raw_ms": "one InferenceSession.run of ten phonemes by the stock model on all cores, median",
    "against_raw": "first_audio_ms (p50) of 5 words, less 30 ms, divided by raw_ms",
    "longest_against_20_words": "first_audio_ms (p50) of 400 words divided by that of 20 words",
}


def arrivals(url: str, text: str, heard_s: float) -> list[tuple[float, bytes]]:
    """Seconds since the request, and what had come by then, until enough was heard."""
    found, size, start = [], 0, time.perf_counter()
    body = {"input": text, "response_format": "pcm"}
    with httpx.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=600) as response:
        response.raise_for_status()
        for piece in response.iter_raw():
            found.append((time.perf_counter() - start, piece))
            size += len(piece)
            if size >= heard_s * BYTES_PER_S:
                break
    return found


def played(pieces: Sequence[tuple[float, bytes]]) -> tuple[float, float]:
    """Seconds until the first sound, and the longest wait of a player that starts with the first piece."""
    sizes = accumulate(len(piece) for _, piece in pieces)
    came = list(zip((at_s for at_s, _ in pieces), sizes, strict=True))
    found = play(came, timeline("pcm", b"".join(piece for _, piece in pieces)), late_s=0.0)
    if found.first_sound_s is None:
        raise SystemExit("the answer is silent")
    return found.first_sound_s, max(found.gaps_s, default=0.0)


def idle(url: str) -> None:
    """Return when nothing is being spoken, so that who hung up does not hold up the next."""
    while httpx.get(f"{url}/status", timeout=60).json()["requests"]["running"]:
        time.sleep(0.01)


def measured(urls: Mapping[str, str], words: int, rounds: int, heard_s: float) -> dict[str, Any]:
    firsts: dict[str, list[float]] = {name: [] for name in urls}
    gaps: dict[str, float] = dict.fromkeys(urls, 0.0)
    for number in range(rounds):
        for name, url in urls.items():
            text = texts.of_words(words, seed=number)
            pieces = arrivals(url, text, heard_s if number else float("inf"))
            idle(url)
            first_s, gap_s = played(pieces)
            firsts[name].append(first_s)
            gaps[name] = max(gaps[name], gap_s)
    return {
        "words": words,
        "texts": rounds,
        "servers": {
            name: {
                "first_audio_ms": percentiles(firsts[name], scale=1000),
                "longest_gap_ms": round(gaps[name] * 1000),
            }
            for name in urls
        },
    }


def main() -> None:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--rounds", type=int, default=20, help="texts of 5 and of 20 words; of others half")
    parser.add_argument("--heard", type=float, default=4.0, help="seconds of audio after which is hung up")
    given = with_model(parser)
    report = Report("first_audio", given)
    before = raw_ms(given)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serving(plan)).url for name, plan in plans(given).items()}
        measured(urls, 3, 2, given.heard)
        rows = []
        for words, share in SIZES.items():
            rows.append(measured(urls, words, max(2, round(given.rounds * share)), given.heard))
            tell(str(rows[-1]))
    raw = statistics.median([*before, *raw_ms(given)])
    results = {"raw_ms": round(raw), "rows": rows, **ratios(rows, raw)}
    conditions = Conditions(threads(), "stock and optimized, as named", "none", DEFINITIONS)
    report.write(conditions, results)


def plans(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The settings of each server."""
    found = {name: speaking(path, given.voices) for name, path in variants(given.model).items()}
    first = next(iter(found))
    return {**found, f"{first}, not cut": {**found[first], "streaming.cut": "never"}}


def raw_ms(given: argparse.Namespace) -> list[float]:
    """Times of bare inferences of ten phonemes."""
    run = raw_run(Path(given.model), Path(given.voices), phonemes=10)
    run()
    taken = []
    for _ in range(RAW_RUNS):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def ratios(rows: list[dict[str, Any]], raw: float) -> dict[str, dict[str, float]]:
    p50 = {
        row["words"]: {name: found["first_audio_ms"]["p50"] for name, found in row["servers"].items()}
        for row in rows
    }
    return {
        "against_raw": {name: round((ms - 30) / raw, 2) for name, ms in p50[5].items()},
        "longest_against_20_words": {name: round(p50[400][name] / ms, 2) for name, ms in p50[20].items()},
    }


if __name__ == "__main__":
    main()
