"""What the text stages cost: grapheme-to-phoneme, and normalization where that plugin is installed.

    python -m benchmarks.text

Prints, as JSON, for the plugins `g2p` and (if installed) `normalize`, with espeak behind them: the seconds
and resident bytes that they add to a process which has koe and its other plugins loaded, until the first
sentence is phonemes (median of 3 processes), and the milliseconds that a sentence of 20 words takes
(all sentences different; median and 95th percentile).
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable

import psutil
from koe.hooks import Plugin
from koe.pipeline import normalized
from koe.plugins import installed
from koe.registry import Registry
from koe.testing.build import registry_of
from koe.text import TextPlugin
from koe.types import Segment, UtterancePart, VoiceMix
from koe_espeak import EspeakPlugin
from koe_formats import FormatsPlugin

from benchmarks.report import Conditions, Report, options

MEASURED = ("normalize", "g2p")
SENTENCES = 300
SENTENCE = (
    "On day {0} the old captain read {1} letters about the record storm, closed his lead box, "
    "and paid ${2}.50 for bread."
)


def _plugin(name: str) -> list[Plugin]:
    """The plugin, if its distribution is installed."""
    return [entry.load()() for entry in installed().get(name, ())]


def _phonemes(registry: Registry, text: str) -> int:
    parts: Iterable[UtterancePart] = [Segment(text, VoiceMix.of("af_heart"), "en-US")]
    if "normalize" in registry.normalizers:
        parts = normalized(registry.normalizers["normalize"], parts)
    phonemizer = registry.phonemizers["misaki"].component
    return sum(len(phonemizer.phonemize(part)) for part in parts if isinstance(part, Segment))


def measure() -> dict[str, float]:
    """One process: what is added until the first sentence, then the time of each sentence."""
    others = [TextPlugin(), EspeakPlugin(), FormatsPlugin()]
    espeak = registry_of(*others).phonemizers["espeak"].component
    espeak.phonemize(Segment("Hello.", VoiceMix.of("any"), "en-US"))
    process = psutil.Process()
    gc.collect()
    rss, start = process.memory_info().rss, time.perf_counter()
    registry = registry_of(*(plugin for name in MEASURED for plugin in _plugin(name)))
    registry.phonemizers["misaki"].component.use_fallbacks([espeak])
    _phonemes(registry, SENTENCE.format(1, 2, 3))
    ready = time.perf_counter() - start
    taken = []
    for number in range(SENTENCES):
        begin = time.perf_counter()
        _phonemes(registry, SENTENCE.format(number + 2, 7 * number, number % 90 + 10))
        taken.append((time.perf_counter() - begin) * 1000)
    added = process.memory_info().rss - rss
    return {
        "ready_s": round(ready, 3),
        "added_mb": round(added / 1e6, 1),
        "median_ms": round(statistics.median(taken), 2),
        "p95_ms": round(statistics.quantiles(taken, n=20)[-1], 2),
    }


DEFINITIONS = {
    "ready_s": "what the plugins add until the first sentence is phonemes: seconds, median of 3 processes",
    "added_mb": "resident memory that they add, 10^6 bytes",
    "median_ms": "for a sentence of 20 words, all different",
    "p95_ms": "the same, 95th percentile",
}


def main() -> None:
    """Measure in 3 fresh processes."""
    report = Report("text", options(__doc__ or "").parse_args())
    code = "import json; from benchmarks.text import measure; print(json.dumps(measure()))"
    runs = [
        json.loads(
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        )
        for _ in range(3)
    ]
    plugins = [name for name in MEASURED if name in installed()]
    results = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    conditions = Conditions("1", f"no engine; plugins {', '.join(plugins)}", "none", DEFINITIONS)
    report.write(conditions, {"plugins": plugins, **results})


if __name__ == "__main__":
    main()
