"""Speaking rate and volume of finished audio: what an engine cannot do itself."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from koe.types import Samples

if TYPE_CHECKING:
    from av.filter import Graph

RATES = (0.1, 10.0)
"""The lowest and highest rate that `time_stretch` takes."""

LEAD_OUT_S = 0.5
"""Silence pushed in behind the audio: `atempo` returns up to 190 ms less than length / rate (measured at
rate 0.25, less elsewhere), and what it keeps back is then silence and never speech."""


def time_stretch(samples: Samples, sample_rate: int, rate: float) -> Samples:
    """Speak faster (`rate` > 1) or slower at the same pitch.

    FFmpeg's `atempo` (WSOLA), in a chain of equal steps where `rate` is outside 0.5 to 2. The result has
    exactly `round(len(samples) / rate)` samples, whatever the filter returned: it is cut from the stretched
    audio with silence behind it. Sounds lie within 40 ms of their scaled place down to rate 0.5.

    Args:
        samples: float32 mono of shape `(n,)`.
        sample_rate: in Hz.
        rate: 0.1 to 10; 1.0 returns `samples` itself.

    Raises:
        ValueError: `rate` is outside that range.
    """
    lowest, highest = RATES
    if not lowest <= rate <= highest:
        raise ValueError(f"time_stretch takes a rate from {lowest} to {highest}, not {rate}")
    length = round(len(samples) / rate)
    if rate == 1.0 or length == 0:
        return samples[:length]
    silence = np.zeros(math.ceil(LEAD_OUT_S * sample_rate * max(rate, 1.0)), np.float32)
    stretched = _atempo(np.concatenate([samples, silence], dtype=np.float32), sample_rate, rate)
    if len(stretched) < length:
        raise RuntimeError(f"atempo returned {len(stretched)} samples at rate {rate}, {length} were expected")
    return stretched[:length]


def gain(samples: Samples, volume_db: float) -> Samples:
    """The samples `volume_db` dB louder; 0 returns `samples` itself. Encoders clip what passes full scale."""
    if volume_db == 0.0:
        return samples
    return samples * np.float32(10.0 ** (volume_db / 20.0))


def _atempo(samples: Samples, sample_rate: int, rate: float) -> Samples:
    import av

    graph = _graph(sample_rate, rate)
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="flt", layout="mono")
    frame.sample_rate = sample_rate
    frame.time_base = Fraction(1, sample_rate)
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    return np.concatenate(list(_pull(graph)))


def _graph(sample_rate: int, rate: float) -> "Graph":
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    steps = max(1, math.ceil(abs(math.log2(rate))))
    tempos = [graph.add("atempo", f"{rate ** (1 / steps):.9f}") for _ in range(steps)]
    graph.link_nodes(source, *tempos, graph.add("abuffersink"))
    graph.configure()
    return graph


def _pull(graph: "Graph") -> Iterator[Any]:
    import av

    while True:
        try:
            frame = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            return
        yield frame.to_ndarray().reshape(-1)
