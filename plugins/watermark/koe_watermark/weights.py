"""Perth's weights, read from the installed wheel without torch."""

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from koe.api import Samples

from koe_watermark.errors import WatermarkUnavailableError

DIGEST = "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"
"""SHA-256 of the checkpoint in resemble-perth 1.0.1, the only one whose mark was measured."""

_INSIDE_WHEEL = Path("perth_net", "pretrained", "implicit", "perth_net_250000.pth.tar")
_WAY_OUT = "Install the wheel that carries it: pip install 'resemble-perth==1.0.1'"


def checkpoint_path() -> Path:
    """The checkpoint inside the installed `resemble-perth`, which is found and never imported.

    Raises:
        WatermarkUnavailableError: the wheel is not installed, or its checkpoint is not there.
    """
    spec = find_spec("perth")
    if spec is None or spec.origin is None:
        raise WatermarkUnavailableError(
            f"The package 'perth', whose wheel carries the watermark's weights, is not installed. {_WAY_OUT}"
        )
    path = Path(spec.origin).parent / _INSIDE_WHEEL
    if not path.is_file():
        raise WatermarkUnavailableError(f"The watermark's weights are missing: no file {path}. {_WAY_OUT}")
    return path


def read_weights(path: Path, digest: str = DIGEST) -> Mapping[str, Samples]:
    """The tensors of a checkpoint by name, float32.

    The pickle inside may rebuild tensors of floats and nothing else; it is read only after the file's digest
    was found right.

    Raises:
        WatermarkUnavailableError: the file cannot be read or is not the expected one.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found == digest:
                return _tensors(file)
    except OSError as error:
        raise WatermarkUnavailableError(
            f"The watermark's weights cannot be read from {path}: {error.strerror or error}. {_WAY_OUT}"
        ) from error
    raise WatermarkUnavailableError(
        f"{path} is not the checkpoint that this mark was measured with: expected SHA-256 {digest}, found "
        f"{found}. {_WAY_OUT}"
    )


def _tensors(file: BinaryIO) -> Mapping[str, Samples]:
    with zipfile.ZipFile(file) as archive:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        model = _Unpickler(archive, pickled.rpartition("/")[0]).load()["model"]
    return {name: tensor for name, tensor in model.items() if isinstance(tensor, np.ndarray)}


class _Unpickler(pickle.Unpickler):
    """Reads torch's format: a pickle of names and shapes, whose numbers are files beside it."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}/data.pkl")))
        self._archive = archive
        self._folder = folder

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"A checkpoint of weights has no use for {module}.{name}") from None

    def persistent_load(self, pid: Sequence[Any]) -> Samples:
        _, dtype, key, _, count = pid
        return np.frombuffer(self._archive.read(f"{self._folder}/data/{key}"), dtype, count)


class _Dictionary(OrderedDict[str, Any]):
    """Torch's ordered dictionaries carry an attribute, which plain ones could not take."""


def _rebuild(
    storage: Samples, offset: int, size: Sequence[int], _stride: Sequence[int], *_rest: object
) -> Samples:
    count = int(np.prod(size))
    return storage[offset : offset + count].reshape(size)


_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Dictionary,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch", "FloatStorage"): np.dtype("<f4"),
}
