"""How soon a streamed answer begins to sound, and whether it then plays without a gap.

    python -m benchmarks.first_audio --model kokoro-v1.0.onnx --voices voices-v1.0.bin

Starts two servers on the same model, one that cuts the first segments short (the default) and one that does
not (`streaming.cut = "never"`), and sends each texts of 5, 50 and 400 words over HTTP, one at a time, each
text used once, so that nothing could be cached. Time to first audio is from the request until the first
sample above -50 dB of full scale has been received, as PCM. Prints medians, ratios and, from the arrival
times of the cut answers, whether a player that starts at once would ever have run dry.

The two servers take turns, request by request, so that other load on the machine hits both alike.
"""

import argparse
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np

WORDS = (
    "the morning began with a thin rain over the harbour and nobody in the town remembered when the old "
    "clock had stopped so the captain looked at the tide while dogs and children ran through the market "
    "until noon when the fish were gone and every basket was empty again"
).split()
SIZES = (5, 50, 400)
BYTES_PER_S = 24_000 * 2
AUDIBLE = round(32768 * 10 ** (-50 / 20))


def _text(words: int, seed: int) -> str:
    """A text of `words` words with a comma now and then and a sentence end every 25 words."""
    picked = [WORDS[(seed * 7 + i * (1 + seed % 3)) % len(WORDS)] for i in range(words)]
    for i in range(11, words, 12):
        picked[i] += ","
    sentences = [" ".join(picked[i : i + 25]).capitalize().rstrip(",") for i in range(0, words, 25)]
    return ". ".join(sentences) + "."


@contextmanager
def _server(model: str, voices: str, cut: str, threads: int) -> Iterator[str]:
    options = {
        "plugins.kokoro.model": json.dumps(model),
        "plugins.kokoro.voices": json.dumps(voices),
        "engine.default": '"kokoro"',
        "streaming.cut": json.dumps(cut),
        "inference.threads": str(threads),
        "log.level": '"warning"',
    }
    settings = [part for key, value in options.items() for part in ("--set", f"{key}={value}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "koe.cli", "serve", "--port", "0", *settings],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        select.select([process.stdout], [], [], 120)
        yield process.stdout.readline().rpartition(" ")[2].strip()
    finally:
        process.terminate()
        process.wait(60)


def _arrivals(url: str, text: str) -> list[tuple[float, bytes]]:
    """Seconds since the request, and what had come by then, piece by piece."""
    start = time.perf_counter()
    body = {"input": text, "response_format": "pcm"}
    with httpx.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=600) as response:
        response.raise_for_status()
        return [(time.perf_counter() - start, piece) for piece in response.iter_raw()]


def _first_audio_s(arrivals: list[tuple[float, bytes]]) -> float:
    for at_s, piece in arrivals:
        if np.abs(np.frombuffer(piece, "<i2").astype(np.int32)).max(initial=0) > AUDIBLE:
            return at_s
    raise RuntimeError("the answer is silent")


def _longest_gap_s(arrivals: list[tuple[float, bytes]]) -> float:
    """How long a player that starts with the first sound would at worst have waited for more."""
    plays_until = arrivals[0][0]
    gap = 0.0
    for at_s, piece in arrivals:
        gap = max(gap, at_s - plays_until)
        plays_until = max(plays_until, at_s) + len(piece) / BYTES_PER_S
    return gap


def _measure(urls: dict[str, str], words: int, rounds: int) -> dict[str, object]:
    first: dict[str, list[float]] = {cut: [] for cut in urls}
    gaps: list[float] = []
    rtf: list[float] = []
    for seed in range(rounds):
        for cut, url in urls.items():
            arrivals = _arrivals(url, _text(words, seed))
            first[cut].append(_first_audio_s(arrivals))
            if cut == "auto":
                gaps.append(_longest_gap_s(arrivals))
                rtf.append(arrivals[-1][0] / (sum(len(piece) for _, piece in arrivals) / BYTES_PER_S))
    medians = {cut: statistics.median(values) for cut, values in first.items()}
    return {
        "words": words,
        "first_audio_ms": round(medians["auto"] * 1000),
        "without_cutting_ms": round(medians["never"] * 1000),
        "times_sooner": round(medians["never"] / medians["auto"], 2),
        "rtf_of_the_answer": round(statistics.median(rtf), 3),
        "longest_gap_ms": round(max(gaps) * 1000),
    }


def main() -> None:
    """Run everything and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="a Kokoro ONNX file")
    parser.add_argument("--voices", required=True, help="its voices")
    parser.add_argument("--rounds", type=int, default=5, help="texts of each size")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with (
        _server(given.model, given.voices, "auto", given.threads) as cut,
        _server(given.model, given.voices, "never", given.threads) as uncut,
    ):
        urls = {"auto": cut, "never": uncut}
        _measure(urls, 5, 1)
        rows = [
            _measure(urls, words, given.rounds if words < 400 else max(3, given.rounds // 2))
            for words in SIZES
        ]
    by_words = {row["words"]: row["first_audio_ms"] for row in rows}
    report = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": given.threads,
        "definition": "request sent until the first sample above -50 dBFS received; caches: none",
        "rows": rows,
        "400_words_against_50": round(by_words[400] / by_words[50], 3),  # type: ignore[operator]
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
