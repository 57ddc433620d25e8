"""The networks as ONNX files: written without the package `onnx`, and kept in a cache that may be damaged."""

import hashlib
import threading
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from koe_watermark import graphs
from koe_watermark.errors import WatermarkUnavailableError
from koe_watermark.graphs import DECODER, ENCODER, build, located
from koe_watermark.weights import checkpoint_path, read_weights
from structlog.testing import capture_logs


def _path(folder: Path) -> Path:
    found = located(ENCODER, folder)
    assert isinstance(found, Path)
    return found


@cache
def _weights():
    return read_weights(checkpoint_path())


@pytest.mark.parametrize("graph", [ENCODER, DECODER])
def test_the_file_is_the_pinned_one_and_sound(graph):
    data = build(graph, _weights())
    assert hashlib.sha256(data).hexdigest() == graph.digest
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)


def test_the_network_computes_what_the_weights_say():
    """The first branch by hand: seven convolutions, leaky ReLUs between them."""
    session = onnxruntime.InferenceSession(build(DECODER, _weights()), providers=["CPUExecutionProvider"])
    given = np.random.default_rng(0).random((1, 128, 40), np.float32)
    (made,) = session.run(["slow_out"], dict.fromkeys(graphs.BRANCHES, given))
    signal = given[0].astype(np.float64)
    for index in range(7):
        weight = _weights()[f"decoder.slow_layers.{index}.conv.weight"]
        bias = _weights()[f"decoder.slow_layers.{index}.conv.bias"]
        width = weight.shape[2]
        padded = np.pad(signal, ((0, 0), (width // 2, width // 2)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
        signal = np.einsum("oik,itk->ot", weight, windows) + bias[:, np.newaxis]
        if index < 6:
            signal = np.where(signal > 0, signal, 0.01 * signal)
    np.testing.assert_allclose(made[0], signal, atol=1e-4)


def test_it_is_built_once(tmp_path, monkeypatch):
    path = located(ENCODER, tmp_path / "new")
    monkeypatch.setattr(graphs, "build", None)
    assert located(ENCODER, tmp_path / "new") == path
    assert [one.name for one in (tmp_path / "new").iterdir()] == [ENCODER.file_name]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:1000], lambda data: b"", lambda data: data[:-1] + b"x"]
)
def test_a_damaged_file_is_built_again(tmp_path, damage):
    path = _path(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with capture_logs() as logged:
        assert located(ENCODER, tmp_path) == path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == ENCODER.digest
    assert [line["event"] for line in logged] == ["watermark_cache_damaged"]


def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with capture_logs() as logged:
        data = located(ENCODER, tmp_path / "file")
    assert isinstance(data, bytes)
    assert "watermark_cache_not_written" in [line["event"] for line in logged]


def test_several_at_once_all_find_a_whole_file(tmp_path):
    found = []

    def look():
        found.append(hashlib.sha256(_path(tmp_path).read_bytes()).hexdigest())

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ENCODER.digest] * 4
    assert [one.name for one in tmp_path.iterdir()] == [ENCODER.file_name]


def test_a_graph_that_came_out_wrong_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "build", lambda graph, weights: b"something else")
    with pytest.raises(WatermarkUnavailableError, match="mistake in koe"):
        located(ENCODER, tmp_path)
    assert not list(tmp_path.iterdir())
