"""The bare model, as ONNX Runtime runs it by itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from koe.kokoro.signature import Signature
from koe.kokoro.voices import load_voices


def raw_run(model: Path, voices: Path, phonemes: int, threads: int = 0) -> Callable[[], int]:
    """One `InferenceSession.run` of so many symbols, with default options but for the number of threads.

    Gives the samples that were made. `threads`: 0 takes all cores.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    signature = Signature.of(session.get_inputs(), session.get_outputs(), model)
    table = next(iter(load_voices(voices).tables.values()))
    symbols = np.random.default_rng(0).integers(43, 70, phonemes)
    feeds = {
        signature.tokens: np.array([[0, *symbols, 0]], np.int64),
        "style": table[phonemes - 1 : phonemes].astype(signature.style_type),
        "speed": np.full(signature.speed_shape, 1.0, signature.speed_type),
    }
    return lambda: int(session.run(signature.outputs, feeds)[0].size)
