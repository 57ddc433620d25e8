"""The rewrites, in their order. Each leaves alone what it does not know."""

import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from koe.errors import ModelFileError
from koe.kokoro.optimize.adain import fold_adain
from koe.kokoro.optimize.convolutions import widen_convolutions
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimize.snake import fold_snake
from koe.kokoro.optimize.trials import NOISE
from koe.kokoro.session import run_errors

Rewrite: TypeAlias = Callable[[Graph, frozenset[str]], int]

REWRITES: Mapping[str, Rewrite] = MappingProxyType(
    {"adain": fold_adain, "snake": fold_snake, "conv2d": widen_convolutions}
)


def fold_constants(model: Path) -> bytes:
    """The model after ONNX Runtime's basic optimizations: no constants left to compute, nothing renamed.

    Raises:
        ModelFileError: ONNX Runtime refuses the model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory(prefix="koe-optimize-") as folder:
        folded = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(folded)
        try:
            onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except run_errors() as error:
            raise ModelFileError(
                f"{model}: expected a sound ONNX model, found one that fails ({error})"
            ) from error
        return folded.read_bytes()


def rewrite(model: bytes, names: Collection[str] = tuple(REWRITES)) -> tuple[bytes, dict[str, int]]:
    """The model after the named rewrites, and how often each applied.

    What the noise nodes draw for is left exactly as it is: the sine source adds pitch up to phases, and
    what rounds differently there does not stay small.
    """
    graph = Graph.parse(model)
    frozen_values = graph.upstream(*NOISE)
    applied = {name: apply(graph, frozen_values) for name, apply in REWRITES.items() if name in names}
    return graph.serialize(), applied
