"""koe: a plugin-based speech server for Kokoro-82M on ONNX Runtime.

Plugins import `koe.api` and nothing else.
"""

__version__ = "0.1.0"
