"""`koe model optimize` without its command line: from one model file to a faster one beside it."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import onnx
from attrs import frozen
from google.protobuf.message import DecodeError
from onnx.numpy_helper import to_array

from koe.errors import ModelFileError
from koe.kokoro.config import ParityLimits
from koe.kokoro.files import ModelFiles
from koe.kokoro.hardware import Host
from koe.kokoro.optimize.checks import check_source
from koe.kokoro.optimize.gate import Gate
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimize.progress import Progress
from koe.kokoro.optimize.rewrite import fold_constants
from koe.kokoro.optimize.steps import Steps
from koe.kokoro.optimize.storage import alone, check_space, store, store_origin
from koe.kokoro.optimize.trials import Speaker, Trial, trials
from koe.kokoro.optimized import FORMAT, Origin, StoredFile, StoredStep
from koe.kokoro.timing import SAMPLE_RATE
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voices import load_voices

STEPS = ("rewrite", "quantize", "serialize")
_ROUNDS = 5
_WIDE_BITS, _NARROW_BITS = 8, 7


@frozen
class Optimization:
    """What to do.

    Attributes:
        files: the model with its voices, and its vocabulary where it has one of its own.
        out: where the optimized model goes.
        steps: some of `STEPS`.
        seed: of the noise and the choice of voices; equal seeds give equal files.
        threads: within one inference; 0 for ONNX Runtime's choice.
    """

    files: ModelFiles
    out: Path
    limits: ParityLimits
    steps: tuple[str, ...] = STEPS
    seed: int = 0
    threads: int = 0


@frozen
class Outcome:
    """What came of it.

    Attributes:
        out: the optimized model; None where no step was accepted and nothing was written.
        steps: what each did, whether it was accepted, and what it changed in the sound.
        own_variation_db: how far the original is from itself with other noise: a yardstick for the steps.
        before_rtf: seconds of one core for a second of audio, of the original.
        after_rtf: the same of the optimized model.
        before_bytes: the size of the original.
        after_bytes: the same of the optimized model, with its weights.
    """

    out: Path | None
    steps: tuple[StoredStep, ...]
    own_variation_db: float
    before_rtf: float
    after_rtf: float
    before_bytes: int
    after_bytes: int


def optimize(wish: Optimization, progress: Progress) -> Outcome:
    """Make the optimized model. Takes a minute or two of all cores and about 2 GB of memory.

    Raises:
        ModelFileError: the model cannot be optimized, or the result cannot be written.
    """
    with alone(wish.out):
        check_space(wish.out.parent, wish.files.model.stat().st_size)
        progress.begin(f"reading {wish.files.model}")
        graph = _parsed(wish.files.model)
        check_source(graph, wish.files.model)
        host = Host.current()
        steps = _steps(wish, graph, host, progress)
        if "rewrite" in wish.steps:
            steps.rewrite()
        if "quantize" in wish.steps:
            steps.quantize()
        if "serialize" in wish.steps:
            steps.serialize()
        return _written(wish, steps, host, progress)


def _parsed(model: Path) -> Graph:
    try:
        return Graph.parse(model.read_bytes())
    except DecodeError as error:
        raise ModelFileError(f"{model}: expected an ONNX model, found something else ({error})") from error


def _steps(wish: Optimization, graph: Graph, host: Host, progress: Progress) -> Steps:
    metadata = {each.key: each.value for each in graph.model.metadata_props}
    vocabulary = load_vocabulary(metadata, wish.files.model, wish.files.vocabulary)
    voices = load_voices(wish.files.voices)
    progress.begin("folding constants")
    folded = fold_constants(wish.files.model)
    speaker = Speaker(wish.files.model, wish.threads)
    spoken = trials("compare", vocabulary, voices, wish.seed)
    gate = Gate(speaker, wish.files.model.read_bytes(), spoken, wish.limits, wish.seed)
    return Steps(
        gate,
        trials("calibrate", vocabulary, voices, wish.seed),
        _WIDE_BITS if host.wide_int8 else _NARROW_BITS,
        progress,
        folded,
    )


def _written(wish: Optimization, steps: Steps, host: Host, progress: Progress) -> Outcome:
    original, variation = steps.gate.original, steps.gate.own_variation_db
    if not any(step.accepted for step in steps.done):
        return Outcome(None, tuple(steps.done), variation, 0, 0, len(original), 0)
    progress.begin("measuring the speed")
    before, after = _speeds(wish.files.model, [original, steps.model], steps.gate.spoken)
    progress.begin(f"writing {wish.out}")
    files = store(steps.model, wish.out, own_weights_file="serialize" in wish.steps)
    _check_written(wish.out, steps.model)
    store_origin(wish.out, _origin(wish, steps, files, host))
    total = sum(file.size_bytes for file in files)
    return Outcome(wish.out, tuple(steps.done), variation, before, after, len(original), total)


def _origin(wish: Optimization, steps: Steps, files: tuple[StoredFile, ...], host: Host) -> Origin:
    from koe import __version__

    return Origin(
        FORMAT,
        __version__,
        StoredFile.of(wish.files.model),
        files,
        "fp32+int8" if steps.quantized else "fp32",
        needs_wide_int8=bool(steps.quantized) and steps.weight_bits == _WIDE_BITS,
        host=host,
        seed=wish.seed,
        steps=tuple(steps.done),
    )


def _check_written(out: Path, model: bytes) -> None:
    """Make sure that what lies on the disk is the model that was compared."""
    written, meant = onnx.load(str(out)), onnx.load_model_from_string(model)
    pairs = zip(written.graph.initializer, meant.graph.initializer, strict=True)
    same = all(ours.name == theirs.name and _bytes(ours) == _bytes(theirs) for ours, theirs in pairs)
    if not same or [*written.graph.node] != [*meant.graph.node]:
        raise ModelFileError(f"{out} was not written as it should be: the disk gave back something else")


def _bytes(tensor: onnx.TensorProto) -> bytes:
    raw: bytes = to_array(tensor).tobytes()
    return raw


def _speeds(name: Path, models: Sequence[bytes], spoken: Sequence[Trial]) -> list[float]:
    """The median real-time factor of each on one thread, in turns; the first round does not count."""
    trial = min(spoken, key=lambda each: len(each.tokens))
    speaker = Speaker(name, threads=1)
    found: list[list[float]] = [[] for _ in models]
    sessions = [speaker.session(model) for model in models]
    for turn in range(_ROUNDS + 1):
        for session, factors in zip(sessions, found, strict=True):
            start = time.perf_counter()
            samples = speaker.run(session, speaker.signature(session).outputs[:1], trial)[0].size
            if turn:
                factors.append((time.perf_counter() - start) * SAMPLE_RATE / samples)
    return [statistics.median(factors) for factors in found]
