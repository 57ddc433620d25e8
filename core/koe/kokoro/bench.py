"""Measuring models on this machine: how many seconds of work a second of audio takes."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from attrs import frozen

from koe.cancellation import Cancellation
from koe.kokoro.files import ModelFiles
from koe.kokoro.hardware import Host
from koe.kokoro.measured import FORMAT, Benchmark, Measurement
from koe.kokoro.model import Model
from koe.kokoro.timing import SAMPLE_RATE
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voices import load_voices
from koe.stages import EngineRuntime
from koe.types import Samples, VoiceMix


@frozen
class Plan:
    """What to measure: `phonemes` are lengths of segments, `runs` how often each counts."""

    threads: tuple[int, ...]
    phonemes: tuple[int, ...] = (10, 50)
    runs: int = 3


@frozen
class _Loaded:
    variant: str
    files: ModelFiles
    model: Model
    load_s: float
    tokens: Sequence[int]
    style: Callable[[int], Samples]

    def factor(self, length: int) -> float:
        """The real-time factor of one run."""
        chosen = np.random.default_rng(length).choice(self.tokens, length).tolist()
        style = self.style(length)
        start = time.perf_counter()
        spoken = self.model.run(chosen, style, 1.0, Cancellation())
        return (time.perf_counter() - start) * SAMPLE_RATE / len(spoken.samples)


def measure(
    models: Mapping[str, ModelFiles], plan: Plan, progress: Callable[[str], None] = lambda _: None
) -> Benchmark:
    """Measure every model at every number of threads. The models take turns, so that other load hits all.

    Raises:
        ModelFileError: a model does not load.
        KoeError: a run failed.
    """
    found: list[Measurement] = []
    for threads in plan.threads:
        progress(f"loading {', '.join(models)} with threads = {threads}")
        loaded = [_load(variant, files, threads) for variant, files in models.items()]
        for length in plan.phonemes:
            progress(f"speaking {length} phonemes, threads = {threads}")
            found += _turns(loaded, threads, length, plan.runs)
    return Benchmark(FORMAT, Host.current(), tuple(found))


def _turns(loaded: Sequence[_Loaded], threads: int, length: int, runs: int) -> list[Measurement]:
    """The medians; a first run of each does not count."""
    factors: list[list[float]] = [[] for _ in loaded]
    for turn in range(runs + 1):
        for each, measured in zip(loaded, factors, strict=True):
            factor = each.factor(length)
            if turn:
                measured.append(factor)
    return [
        Measurement(
            each.variant,
            str(each.files.model),
            each.files.model.stat().st_size,
            threads,
            length,
            round(statistics.median(measured), 4),
            round(each.load_s, 3),
        )
        for each, measured in zip(loaded, factors, strict=True)
    ]


def _load(variant: str, files: ModelFiles, threads: int) -> _Loaded:
    start = time.perf_counter()
    model = Model.open(files.model, EngineRuntime(threads=threads))
    load_s = time.perf_counter() - start
    vocabulary = load_vocabulary(model.metadata, files.model, files.vocabulary)
    voices = load_voices(files.voices)
    voice = VoiceMix.of(next(iter(voices.tables)))
    letters = [token for symbol, token in vocabulary.items() if symbol.isalpha()]
    return _Loaded(variant, files, model, load_s, letters, lambda length: voices.style(voice, length))
