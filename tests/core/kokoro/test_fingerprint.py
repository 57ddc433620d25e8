from pathlib import Path

import pytest
from koe.kokoro.fingerprint import fingerprint, precision
from koe.kokoro.voices import load_voices
from koe.testing.tiny_model import write_voices_folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kokoro-v1.0.onnx", "fp32"),
        ("kokoro-v1.0.fp16.onnx", "fp16"),
        ("kokoro-v1.0.int8.onnx", "int8"),
        ("kokoro-v1.1-zh.onnx", "fp32"),
        ("model.onnx", "fp32"),
        ("model_quantized.onnx", "int8"),
        ("model_q4.onnx", "q4"),
        ("model_q4f16.onnx", "q4f16"),
        ("model_q8f16.onnx", "q8f16"),
        ("model_uint8.onnx", "uint8"),
        ("model_uint8f16.onnx", "uint8f16"),
        ("my-own.onnx", "unknown"),
        ("faq40.onnx", "unknown"),
    ],
)
def test_precision_is_what_the_published_name_states(name, expected):
    assert precision(Path(name)) == expected


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"weights")
    return file


@pytest.fixture
def voices(tmp_path):
    return load_voices(write_voices_folder(tmp_path / "voices", ["af_heart"]))


def test_the_same_files_have_the_same_fingerprint_wherever_they_lie(model, voices, tmp_path):
    copy = tmp_path / "elsewhere.onnx"
    copy.write_bytes(model.read_bytes())
    assert fingerprint(model, {"a": 1}, voices, "x") == fingerprint(copy, {"a": 1}, voices, "x")


def test_model_vocabulary_voices_and_settings_each_change_it(model, voices, tmp_path):
    others = load_voices(write_voices_folder(tmp_path / "others", ["am_onyx"]))
    seen = {
        fingerprint(model, {"a": 1}, voices, "x"),
        fingerprint(model, {"a": 2}, voices, "x"),
        fingerprint(model, {"a": 1}, others, "x"),
        fingerprint(model, {"a": 1}, voices, "y"),
    }
    model.write_bytes(b"other weights")
    seen.add(fingerprint(model, {"a": 1}, voices, "x"))
    assert len(seen) == 5
