"""What `koe model bench` has measured on this machine, and which model `auto` takes."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import structlog
from attrs import asdict, frozen
from platformdirs import user_cache_path

from koe.errors import ModelFileError
from koe.kokoro.hardware import Host
from koe.kokoro.optimized import check_optimized, is_optimized
from koe.problems import StructureError
from koe.structure import structure

FORMAT = 1
FAITHFUL = ("optimized", "fp16", "fp32")
"""What `auto` chooses from: variants that sound like the original. Of the others nobody has made sure."""
log = structlog.get_logger(__name__)


@frozen
class Measurement:
    """The median real-time factor of one model at one length, on so many threads.

    `model` is its path, `size_bytes` its size then; `rtf` is compute seconds for a second of audio.
    """

    variant: str
    model: str
    size_bytes: int
    threads: int
    phonemes: int
    rtf: float
    load_s: float


@frozen
class Benchmark:
    """Everything measured in one go."""

    format: int
    host: Host
    measurements: tuple[Measurement, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def benchmark_path() -> Path:
    """In the user's cache folder."""
    return user_cache_path("koe", appauthor=False) / "bench.json"


def read_benchmark(path: Path | None = None) -> Benchmark | None:
    """The stored measurement; None where there is none, or none that this version understands."""
    try:
        read = json.loads((path or benchmark_path()).read_text("utf-8"))
        benchmark = structure(read, Benchmark)
    except (OSError, ValueError, StructureError):
        return None
    return benchmark if benchmark.format == FORMAT else None


def choose(present: Mapping[str, Path]) -> str | None:
    """The variant that `auto` stands for, of those that are `present` with their model files.

    That is the fastest by a measurement on this very hardware, else an optimized model that may be used
    here; None for neither.
    """
    usable = {name: model for name, model in present.items() if name in FAITHFUL and _usable(model)}
    benchmark = read_benchmark()
    ranked = _ranked(benchmark, usable) if benchmark and benchmark.host == Host.current() else []
    if ranked:
        return ranked[0]
    return "optimized" if "optimized" in usable else None


def _ranked(benchmark: Benchmark, usable: Mapping[str, Path]) -> list[str]:
    """The measured variants by their mean speed, without those that have changed since."""
    logs: dict[str, list[float]] = {}
    for each in benchmark.measurements:
        model = usable.get(each.variant)
        if model is not None and str(model) == each.model and model.stat().st_size == each.size_bytes:
            logs.setdefault(each.variant, []).append(math.log(max(each.rtf, 1e-9)))
    means = {name: sum(values) / len(values) for name, values in logs.items()}
    return sorted(means, key=lambda name: means[name]) if len(means) > 1 else []


def _usable(model: Path) -> bool:
    if not is_optimized(model):
        return True
    try:
        check_optimized(model)
    except ModelFileError as error:
        log.warning("optimized_model_passed_over", reason=str(error))
        return False
    return True
