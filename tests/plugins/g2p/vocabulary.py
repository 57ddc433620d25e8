"""The 114 symbols of Kokoro's model, as kokoro-onnx has them."""

from kokoro_onnx.config import DEFAULT_VOCAB

VOCABULARY = frozenset(DEFAULT_VOCAB)
