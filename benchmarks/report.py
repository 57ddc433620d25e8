"""What every benchmark says of itself: the machine, the conditions, what each number means.

Each benchmark prints one JSON object and, with `--json FILE`, writes it there as well. `CONDITIONS` are in
all of them; `docs/performance/*.json` are such files.
"""

import argparse
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from attrs import frozen
from koe.bench.figures import nearest_rank
from koe.cores import Sharing
from koe.kokoro.hardware import Host
from koe.kokoro.optimized import is_optimized, optimized_path
from koe.settings import InferenceSettings

CONDITIONS = ("benchmark", "command", "date", "hardware", "threads", "variant", "cache", "definitions")
MODEL_VARIABLE, VOICES_VARIABLE = "KOE_BENCHMARK_MODEL", "KOE_BENCHMARK_VOICES"


@frozen
class Conditions:
    """Under which a benchmark's numbers hold.

    Attributes:
        threads: within one inference, and how many inferences there are at a time.
        variant: what spoke.
        cache: what could have been found there.
        definitions: every number of the results by its name: what it is, in which unit, from when to when.
    """

    threads: str
    variant: str
    cache: str
    definitions: Mapping[str, str]


def options(about: str, *, model: bool = False) -> argparse.ArgumentParser:
    """The options that benchmarks share; `about` is the module's docstring."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there, too")
    if model:
        parser.add_argument("--model", default=os.environ.get(MODEL_VARIABLE), help="a Kokoro ONNX file")
        parser.add_argument("--voices", default=os.environ.get(VOICES_VARIABLE), help="its voices")
        parser.add_argument("--about", default="", help="what the model is, for the report")
    return parser


def with_model(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The parsed options, in which model and voices are named."""
    given = parser.parse_args(arguments)
    if not (given.model and given.voices):
        parser.error(f"--model and --voices are needed (or {MODEL_VARIABLE} and {VOICES_VARIABLE})")
    return given


def variants(model: str) -> dict[str, Path]:
    """`stock`, and `optimized` where `koe model optimize` has put one beside it."""
    found = {"stock": Path(model)}
    if is_optimized(found["stock"]):
        return {"optimized": found["stock"]}
    if optimized_path(found["stock"]).is_file():
        found["optimized"] = optimized_path(found["stock"])
    return found


def hardware() -> dict[str, Any]:
    """The machine and what runs on it, with the load that others put on it now."""
    host = Host.current()
    return {
        "cpu": host.cpu,
        "cores": host.cores,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "onnxruntime": host.onnxruntime,
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def threads(within: int = 0, concurrency: int = 0) -> str:
    """What `inference.threads` and `inference.concurrency` come to here, in words."""
    sharing = Sharing.of(InferenceSettings(threads=within, concurrency=concurrency))
    places = f"{sharing.places} inference{'s' if sharing.places > 1 else ''} at a time"
    return f"{sharing.threads} in one inference, {places}, {sharing.cores} cores"


class Report:
    """Made before the measurements begin, written when they are done."""

    def __init__(self, name: str, given: argparse.Namespace) -> None:
        self.name, self.given = name, given
        self.hardware = hardware()
        self.begun = time.monotonic()

    def write(self, conditions: Conditions, results: Mapping[str, Any]) -> None:
        """Print the report and, where `--json` names a file, write it there."""
        text = json.dumps(self.as_dict(conditions, results), indent=2, ensure_ascii=False) + "\n"
        sys.stdout.write(text)
        if self.given.json is not None:
            self.given.json.parent.mkdir(parents=True, exist_ok=True)
            self.given.json.write_text(text, encoding="utf-8")

    def as_dict(self, conditions: Conditions, results: Mapping[str, Any]) -> dict[str, Any]:
        about = getattr(self.given, "about", "")
        return {
            "benchmark": self.name,
            "command": command(self.name, sys.argv[1:]),
            "date": time.strftime("%Y-%m-%d"),
            "took_s": round(time.monotonic() - self.begun),
            "hardware": self.hardware,
            "threads": conditions.threads,
            "variant": f"{conditions.variant}: {about}" if about else conditions.variant,
            "cache": conditions.cache,
            "definitions": dict(conditions.definitions),
            "results": dict(results),
        }


def command(name: str, arguments: Sequence[str]) -> str:
    """How it was called. Folders are left out: they say nothing to others."""
    named = [re.sub(r"[^\s=]*/(?=[^/]+$)", "", argument) for argument in arguments]
    kept = [part for part, before in zip(named, ["", *named], strict=False) if "--json" not in (part, before)]
    return shlex.join(["python", "-m", f"benchmarks.{name}", *kept])


def percentiles(values: Sequence[float], scale: float = 1.0, digits: int = 0) -> dict[str, float] | None:
    """p50, p95 and the largest, nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(value * scale for value in values)
    at = {"p50": 50, "p95": 95, "max": 100}
    return {name: round(nearest_rank(ordered, percent), digits or None) for name, percent in at.items()}


def tell(line: str) -> None:
    """Progress, which is no result."""
    print(line, file=sys.stderr, flush=True)
