"""Reading Perth's checkpoint without torch, and refusing what is not it."""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from koe_watermark import weights
from koe_watermark.errors import WatermarkUnavailableError
from koe_watermark.weights import checkpoint_path, read_weights


class Malicious:
    def __reduce__(self):
        return os.system, ("echo the checkpoint ran a command",)


def test_the_wheel_s_checkpoint_is_read():
    found = read_weights(checkpoint_path())
    assert found["encoder.layers.0.conv.weight"].shape == (256, 128, 1)
    assert found["decoder.fast_layers.6.conv.bias"].shape == (2,)
    assert all(tensor.dtype == np.float32 and np.isfinite(tensor).all() for tensor in found.values())


def test_neither_torch_nor_perth_is_imported_for_it():
    code = (
        "import sys; from koe_watermark.weights import *; read_weights(checkpoint_path()); "
        "print([name for name in ('torch', 'perth', 'librosa', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_changed_file_is_refused_and_both_digests_are_named(tmp_path):
    changed = bytearray(checkpoint_path().read_bytes())
    changed[-100] ^= 1
    path = tmp_path / "changed.pth.tar"
    path.write_bytes(changed)
    with pytest.raises(WatermarkUnavailableError) as refused:
        read_weights(path)
    assert weights.DIGEST in refused.value.message
    assert hashlib.sha256(changed).hexdigest() in refused.value.message


def test_a_missing_wheel_is_told_with_the_way_out(monkeypatch):
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(WatermarkUnavailableError, match="pip install 'resemble-perth"):
        checkpoint_path()


def test_a_wheel_without_the_file_is_told(monkeypatch, tmp_path):
    class Spec:
        origin = str(tmp_path / "perth" / "__init__.py")

    monkeypatch.setattr(weights, "find_spec", lambda name: Spec)
    with pytest.raises(WatermarkUnavailableError, match="no file .*perth_net_250000"):
        checkpoint_path()


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(WatermarkUnavailableError, match="cannot be read"):
        read_weights(tmp_path / "nowhere.pth.tar")


def test_the_pickle_may_call_nothing_but_tensors(tmp_path, capfd):
    path = tmp_path / "malicious.pth.tar"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"model": Malicious()}))
    path.write_bytes(held.getvalue())
    with pytest.raises(pickle.UnpicklingError, match="has no use for"):
        read_weights(path, hashlib.sha256(held.getvalue()).hexdigest())
    assert capfd.readouterr().out == ""
