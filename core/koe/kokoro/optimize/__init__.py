"""Making a Kokoro model faster, and finding out whether it still sounds the same.

Only `koe model optimize` uses this package; it needs `onnx`, which the extra `koe[optimize]` brings.
"""
