"""Small reports, as the benchmarks would write them."""

import json
from pathlib import Path
from typing import Any

_FIRST = {"p50": 120, "p95": 150, "max": 160}
_RESIDENT = {"rss_mb": 500.0, "pss_mb": 480.0, "anonymous_mb": 350.0, "file_mb": 150.0}
_PHASES = {"imports": 0.7, "plugins": 0.2, "model": 0.6, "warm-up": 0.3, "rest": 0.0}
_VARIANTS = ("stock", "optimized", "embedded")
_TEXT = {
    name: {"seconds": 2.0, "audio_s": 20.0, "audio_s_per_s": 10.0}
    for name in ("koe optimized", "kokoro-onnx")
}


def _players(**what: float) -> dict[str, Any]:
    heard = {"players": 10, "heard": 8, "refused": 2, "players_that_ran_dry": 0, "longest_gap_ms": 0}
    return {**what, **heard, "refusal_ms": _FIRST, "first_audio_ms": _FIRST, "audio_s_per_s": 7.5}


def _memory() -> dict[str, Any]:
    after = ("start", "first answer", "20,000 characters", "2,000 requests")
    return {
        "points": [{"after": one, **_RESIDENT} for one in after],
        "series": [{"requests": 200 * step, **_RESIDENT} for step in range(1, 11)],
        "requests": 2_000,
        "growth_percent": 0.4,
        "since_long_percent": 1.2,
        "peak_mb": 600.0,
        "long_request_s": 90.0,
    }


RESULTS: dict[str, dict[str, Any]] = {
    "engine": {
        "rtf": {"10": {"raw optimized": 0.13, "koe optimized": 0.14}},
        "overhead": {"10": {"optimized": 0.01}},
        "one_text": _TEXT,
        "one_text_times_faster": {"koe optimized": {"kokoro-onnx": 1.0}},
        "two_texts": _TEXT,
        "two_texts_times_faster": {"koe optimized": {"kokoro-onnx": 1.0}},
    },
    "first_audio": {
        "raw_ms": 210,
        "rows": [
            {
                "words": words,
                "texts": 5,
                "servers": {"optimized": {"first_audio_ms": _FIRST, "longest_gap_ms": 0}},
            }
            for words in (5, 20, 400)
        ],
        "against_raw": {"optimized": 0.43},
        "longest_against_20_words": {"optimized": 1.0},
    },
    "concurrency": {
        "capacity_audio_s_per_s": 12.0,
        "streams": [_players(streams=count) for count in (1, 2, 4)],
        "loads": [_players(load=share) for share in (0.7, 3.0)],
    },
    "cached": {
        "rows": [
            {
                "state": state,
                "connections": 4,
                "per_second": rate,
                "p50_ms": 1.7,
                "p95_ms": 2.0,
                "cpu_ms": 0.4,
            }
            for state, rate in (("answer kept", 2000.0), ("not cached", 50.0))
        ]
    },
    "memory": {"variants": {name: _memory() for name in _VARIANTS}},
    "startup": {
        "variants": {
            name: {"ready_s": 1.9, "slowest_s": 2.0, "first_answer_s": 2.1, "phases_s": _PHASES}
            for name in _VARIANTS
        },
        "imports_ms": {"koe": 200.0, "numpy": 100.0},
    },
    "scaling": {
        "text": [
            {
                "characters": count,
                "first_audio_ms": 120,
                "seconds": 1.0,
                "audio_s": 9.0,
                "rtf": 0.11,
                "rss_mb": 500.0,
            }
            for count in (10, 20_000)
        ],
        "requests": [{"requests": count, "ms": 8.0, "cpu_ms": 6.0, "rss_mb": 130.0} for count in (100, 200)],
        "cache": [
            {"tier": tier, "entries": count, "lookup_us": {"p50": 0.3, "p95": 0.5}}
            for tier in ("memory", "disk")
            for count in (10, 1_000)
        ],
    },
}


def write_reports(folder: Path) -> None:
    """One of every benchmark."""
    machine = {"cpu": "A CPU", "cores": 2, "memory_gb": 8.0, "system": "Linux", "load_before": 0.1}
    hardware = {**machine, "python": "3.11", "onnxruntime": "1"}
    for name, results in RESULTS.items():
        report = {
            "benchmark": name,
            "command": f"python -m benchmarks.{name}",
            "date": "2026-01-01",
            "hardware": hardware,
            "threads": "2",
            "variant": "optimized: a model with random weights",
            "cache": "none",
            "definitions": {"rtf": "what it is"},
            "results": results,
        }
        (folder / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")
