"""The Kokoro engine: model files, session, tokens, voices. ONNX Runtime is imported when it is opened."""

from koe.kokoro.config import KokoroConfig
from koe.kokoro.plugin import KokoroPlugin

__all__ = ["KokoroConfig", "KokoroPlugin"]
