"""What can be optimized, and a clear word about what cannot."""

from pathlib import Path

import onnx

from koe.errors import ModelFileError
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimized import is_optimized

_QUANTIZED = ("QLinear", "DequantizeLinear", "DynamicQuantize", "MatMulInteger", "ConvInteger", "MatMulNBits")
_HALF = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)


def check_source(graph: Graph, path: Path) -> None:
    """Raise `ModelFileError` for a model that is not in full precision, or has been optimized before."""
    reduced = next((node.op_type for node in graph.nodes if node.op_type.startswith(_QUANTIZED)), None)
    found = f"one that is quantized already ({reduced})" if reduced else ""
    if any(tensor.data_type in _HALF for tensor in graph.model.graph.initializer):
        found = "weights of 16 bits"
    if is_optimized(path):
        found = "one that koe has optimized already"
    if found:
        raise ModelFileError(
            f"{path}: expected a Kokoro model in full precision (fp32), found {found}. "
            "`koe model download --variant fp32` fetches one"
        )
