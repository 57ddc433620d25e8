"""Ends with an error unless ONNX Runtime was built with the execution provider that is named."""

import sys

import onnxruntime

if __name__ == "__main__":
    found = onnxruntime.get_available_providers()
    if sys.argv[1] not in found:
        sys.exit(f"{sys.argv[1]} is missing: ONNX Runtime {onnxruntime.__version__} has {', '.join(found)}")
