"""Perth's encoder network itself, which the shipped gains are measured of.

`python -m tests.plugins.watermark.oracle` prints them as `koe_watermark/data/perth_implicit.txt` holds them.
"""

import sys

import numpy as np
import onnxruntime
from koe_watermark.graphs import ENCODER, build
from koe_watermark.weights import checkpoint_path, read_weights

SAMPLE_RATE = 24_000
WINDOW, HOP, BINS = 1_536, 240, 128
FLOOR_DB, SPAN_DB = -180.0, 195.0
"""Perth's levels run from 0 (20 log10 of 1e-9) to 1 (15 dB more than full scale)."""
EDGE_FRAMES = 20


def encoder_gains_db(samples):
    """What the encoder adds to each bin's level, in dB, of shape `(128, frames)`: 64 ms windows every 10 ms.

    Perth itself works at 32 kHz with windows of 2048: at 24 kHz the bins are the same, the sums of a window
    smaller by the ratio of the rates.
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * hann
    magnitudes = np.abs(np.fft.rfft(frames, axis=1).T[:BINS]) * (32_000 / SAMPLE_RATE)
    levels = (20 * np.log10(np.maximum(magnitudes, 1e-9)) - FLOOR_DB) / SPAN_DB
    session = onnxruntime.InferenceSession(
        build(ENCODER, read_weights(checkpoint_path())), providers=["CPUExecutionProvider"]
    )
    (residual,) = session.run(None, {"magnitude": levels[np.newaxis].astype(np.float32)})
    return residual[0] * SPAN_DB


def derived_gains_db():
    """The gains on ten seconds of white noise, averaged over time."""
    noise = np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE) * 0.1
    return encoder_gains_db(noise)[:, EDGE_FRAMES:-EDGE_FRAMES].mean(axis=1)


HEAD = """\
# What Perth's implicit watermark (resemble-perth 1.0.1, perth_net_250000) adds to the level of each
# bin of 15.625 Hz from 0 Hz on, in dB. Written by `python -m tests.plugins.watermark.oracle`.
"""

if __name__ == "__main__":
    sys.stdout.write(HEAD + "".join(f"{gain:.4f}\n" for gain in derived_gains_db()))
