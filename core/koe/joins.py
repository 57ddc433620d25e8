"""Joins segments: the engine's own silence goes, a pause that fits the punctuation comes, without clicks."""

import numpy as np
from attrs import evolve, frozen

from koe.settings import PausesSettings
from koe.types import AudioChunk, Samples, WordTiming

PARAGRAPH = "paragraph"

_QUIET_DB = -50.0
"""Relative to the segment's peak: what lies below at its ends is silence."""
_WINDOW_S = 0.005
_LEAD_S = 0.015
_TAIL_S = 0.035
"""What is kept of the silence around a segment, so that soft onsets and endings stay whole."""
_FADE_S = 0.005


@frozen
class Joins:
    """The pause table, and what it does to a segment's audio. Stateless."""

    settings: PausesSettings

    def pause_s(self, boundary: str, rate: float) -> float:
        """Seconds of silence behind a segment that ends with `boundary`, spoken at `rate`."""
        if boundary == PARAGRAPH:
            seconds = self.settings.paragraph_s
        else:
            seconds = self.settings.after.get(boundary, self.settings.word_s)
        return seconds / rate

    def trimmed(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk without the silence at its ends (some milliseconds stay), faded where it was cut."""
        if not self.settings.trim or not len(chunk.samples):
            return chunk
        start, end = _sounding(chunk.samples, chunk.sample_rate)
        samples = chunk.samples[start:end].copy()
        fade = min(round(_FADE_S * chunk.sample_rate), len(samples) // 2)
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(fade, 1))).astype(np.float32)
        if start > 0:
            samples[:fade] *= ramp
        if end < len(chunk.samples):
            samples[len(samples) - fade :] *= ramp[::-1]
        words = tuple(
            _moved(word, start / chunk.sample_rate, len(samples) / chunk.sample_rate) for word in chunk.words
        )
        return AudioChunk(samples, chunk.sample_rate, words)


def _sounding(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """The range that holds sound, with a little of the silence around it."""
    window = max(1, round(_WINDOW_S * sample_rate))
    count = -(-len(samples) // window)
    padded = np.zeros(count * window, np.float32)
    padded[: len(samples)] = np.abs(samples)
    levels = padded.reshape(count, window).max(axis=1)
    peak = float(levels.max())
    loud = np.flatnonzero(levels > peak * 10 ** (_QUIET_DB / 20))
    if not len(loud):
        return 0, len(samples)
    start = int(loud[0]) * window - round(_LEAD_S * sample_rate)
    end = (int(loud[-1]) + 1) * window + round(_TAIL_S * sample_rate)
    return max(0, start), min(len(samples), end)


def _moved(word: WordTiming, by_s: float, end_s: float) -> WordTiming:
    return evolve(
        word,
        start_s=min(max(word.start_s - by_s, 0.0), end_s),
        end_s=min(max(word.end_s - by_s, 0.0), end_s),
    )
