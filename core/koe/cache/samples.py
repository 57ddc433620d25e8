"""Samples as bytes, the way `cache.storage` says."""

import io
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from koe.types import Samples

Storage: TypeAlias = Literal["int16", "flac", "float32"]

FULL_SCALE = 32_768
"""The same as that of 16-bit formats: what was rounded here is not rounded again there."""

_LEAN = {"metadata_header_padding": "0", "fflags": "bitexact"}
"""For FLAC without 8 KiB of room for tags, and without the name of the encoder."""


@frozen
class Packed:
    """Samples as bytes; `scale` is what one step of 16-bit samples stands for."""

    data: bytes
    scale: float = 1.0


def pack(samples: Samples, sample_rate: int, storage: Storage) -> Packed:
    """The samples as `storage` says. Takes some milliseconds: not for the event loop."""
    if storage == "float32":
        return Packed(samples.astype("<f4").tobytes())
    scale = _scale(samples)
    steps = np.clip(np.rint(samples / np.float32(scale)), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    return Packed(_flac(steps, sample_rate) if storage == "flac" else steps.tobytes(), scale)


def unpack(packed: Packed, storage: str) -> Samples:
    """The samples. Raises `ValueError` or what the codec raises for bytes that are none."""
    if storage == "float32":
        return np.frombuffer(packed.data, "<f4").astype(np.float32)
    return _READERS[storage](packed.data).astype(np.float32) * np.float32(packed.scale)


def _scale(samples: Samples) -> float:
    """One step of 16 bits; more where the audio is louder than full scale, which a processor may yet mend."""
    peak = float(np.abs(samples).max(initial=0.0))
    return 1 / FULL_SCALE if peak <= 1.0 else peak / (FULL_SCALE - 1)


def _int16(data: bytes) -> NDArray[np.int16]:
    return np.frombuffer(data, "<i2")


def _flac(steps: NDArray[np.int16], sample_rate: int) -> bytes:
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format="flac", options=_LEAN) as container:
        stream = container.add_stream("flac", rate=sample_rate, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(steps.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = sample_rate
        if len(steps):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getvalue()


def _from_flac(data: bytes) -> NDArray[np.int16]:
    import av

    with av.open(io.BytesIO(data), "r", format="flac") as container:
        parts = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate([np.zeros(0, np.int16), *parts])


_READERS: Mapping[str, Callable[[bytes], NDArray[np.int16]]] = {"int16": _int16, "flac": _from_flac}
