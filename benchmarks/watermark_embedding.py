"""What marking costs.

    python -m benchmarks.watermark_embedding

Prints, as JSON: the share of real time that embedding takes on one core (CPU seconds for a second of audio,
median of 15 runs over 10 s, in the pieces of 1 s that koe makes and in pieces of 20 ms); the audio that is
held back; and what enabling the plugin adds to a process that has koe and its other plugins loaded until the
first marked audio exists: seconds and resident bytes (median of 5 processes).
"""

import gc
import json
import statistics
import subprocess
import sys
import time

import psutil
from koe.api import AudioChunk, AudioProcessor, StreamInfo
from koe.testing.audio import cut, speechlike
from koe.testing.build import registry_of
from koe.text import TextPlugin
from koe_espeak import EspeakPlugin
from koe_formats import FormatsPlugin

from benchmarks.report import Conditions, Report, options

RATE = 24_000
SECONDS = 10
RUNS = 15
PROCESSES = 5


def embedding() -> dict[str, float]:
    """Cost and delay, in a process that has marked before."""
    processor = _processor()
    speech = speechlike(SECONDS * RATE, RATE)
    return {
        "share_of_real_time": _share(processor, list(cut(speech, RATE, RATE))),
        "share_of_real_time_20_ms": _share(processor, list(cut(speech, RATE, RATE // 50))),
        "held_back_s": _held_back(processor),
    }


def added() -> dict[str, float]:
    """One process: what the plugin adds until it has marked."""
    registry_of(TextPlugin(), EspeakPlugin(), FormatsPlugin())
    gc.collect()
    process = psutil.Process()
    rss, start = process.memory_info().rss, time.perf_counter()
    stream = _processor().open(StreamInfo(RATE))
    stream.process(AudioChunk(speechlike(RATE, RATE), RATE))
    return {"added_s": time.perf_counter() - start, "added_bytes": process.memory_info().rss - rss}


def _processor() -> AudioProcessor:
    from koe_watermark import WatermarkPlugin

    return registry_of(WatermarkPlugin()).audio_processors["watermark"].component


def _share(processor: AudioProcessor, chunks: list[AudioChunk]) -> float:
    taken = []
    for _ in range(RUNS):
        stream = processor.open(StreamInfo(RATE))
        start = time.process_time()
        for chunk in chunks:
            stream.process(chunk)
        stream.flush()
        taken.append(time.process_time() - start)
    return statistics.median(taken) / SECONDS


def _held_back(processor: AudioProcessor) -> float:
    stream = processor.open(StreamInfo(RATE))
    samples = speechlike(RATE, RATE)
    return (len(samples) - len(stream.process(AudioChunk(samples, RATE)).samples)) / RATE


def _in_processes() -> dict[str, float]:
    runs = []
    for _ in range(PROCESSES):
        command = [sys.executable, "-m", "benchmarks.watermark_embedding", "added"]
        runs.append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


DEFINITIONS = {
    "share_of_real_time": "processor seconds for a second of audio, in pieces of 1 s, median",
    "share_of_real_time_20_ms": "the same in pieces of 20 ms",
    "held_back_s": "audio that comes out later than it went in",
    "added_s": "what enabling the plugin adds until the first marked audio exists, median",
    "added_bytes": "resident memory that it adds, median",
}


def main() -> None:
    """Measure all of it, or in a process of its own what is added."""
    if sys.argv[1:] == ["added"]:
        print(json.dumps(added()))
        return
    report = Report("watermark_embedding", options(__doc__ or "").parse_args())
    conditions = Conditions("1", "no engine: synthetic speech", "none", DEFINITIONS)
    report.write(conditions, {**embedding(), **_in_processes()})


if __name__ == "__main__":
    main()
