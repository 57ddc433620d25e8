"""From evidence to a verdict: marked, partly, not, or no telling."""

from typing import Final

import numpy as np
from attrs import frozen
from koe.api import Samples
from numpy.typing import NDArray

from koe_watermark.detector import Detection, MarkedSpan, Reason
from koe_watermark.evidence import Evidence, is_active
from koe_watermark.network import smoothed
from koe_watermark.segments import segments
from koe_watermark.spectrum import FRAMES_PER_SECOND

LEAST_COVERAGE: Final = 0.5
LEAST_FLUX_DB: Final = 5.5
"""Noise changes by 5.8 to 6.1 dB, voices by 10 and more; chords and hum with harmonics by less than 5.2."""
LIVELY_FLUX_DB: Final = 7.0
"""What a yes is based on changes at least as much: held notes of music reach 0.8 and change by 5 to 6 dB."""
_LIVELY_SHARE: Final = 0.5
_LIVELY_SHARE_OF_WINDOW: Final = 0.75
LEAST_SECONDS: Final = 0.5
THRESHOLDS: Final = ((1.0, 0.6), (float("inf"), 0.5))
"""Seconds of usable sound below which a threshold holds, and the threshold.

Of 458 unmarked clips of 0.6 and 0.8 s none reached 0.34.
"""
CUT_THRESHOLD: Final = 0.7
"""The least where the low end is missing: steep filters alone reach 0.55."""
_CUT_BINS: Final = 8
_NO_BELOW_HZ: Final = 750.0
"""Without sound up to there, marked speech was found to score under 0.1: nothing is called unmarked."""
PART_THRESHOLD: Final = 0.7
"""Of 2 s windows, two of them a second apart, for audio of which only a part is marked."""
WEAK: Final = 0.3
WEAK_IN_LITTLE: Final = 0.15
"""The same for less than a second, and where the low end is missing: marked speech then scores lower."""
COVERAGE_OF_NO: Final = 0.74
"""What is low-passed at 1 kHz covers 0.70, and hides the mark from one call in twenty."""
WEAK_WINDOW: Final = 0.6
_WINDOW: Final = 2 * FRAMES_PER_SECOND
_HERTZ: Final = 15.625
_WORTH_A_WARNING: Final = 0.25


@frozen(eq=False)
class _Signal:
    """Evidence, and which of its frames count.

    Attributes:
        active: those that sound.
        covered: of these, those with sound where the mark lies.
        usable: of these, those that change enough for a no.
        lively: of these, those that change enough for a yes.
    """

    evidence: Evidence
    active: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    lively: NDArray[np.bool_]

    @property
    def active_s(self) -> float:
        return int(self.active.sum()) / FRAMES_PER_SECOND

    @property
    def usable_s(self) -> float:
        return int(self.usable.sum()) / FRAMES_PER_SECOND

    @property
    def cut_hz(self) -> float:
        """Below this there is no sound."""
        return float(np.median(self.evidence.low_cut[self.usable])) * _HERTZ if self.usable.any() else 0.0


def judge(evidence: Evidence, duration_s: float, scheme: str) -> Detection:
    """The verdict on a whole signal."""
    signal = _signal(evidence)
    confidence = _confidence(signal)
    windows = _windows(signal)
    reason = _reason(signal, confidence, windows)
    if reason is not None:
        return _told(signal, duration_s, scheme, None, confidence, reason=reason)
    if confidence >= _threshold(signal):
        return _told(signal, duration_s, scheme, marked=True, confidence=confidence, found=_spans(signal))
    if _partly(signal, windows):
        found = _spans(signal, PART_THRESHOLD)
        best = float(windows.max())
        return _told(
            signal, duration_s, scheme, marked=True, confidence=best, found=found, threshold=PART_THRESHOLD
        )
    return _told(signal, duration_s, scheme, marked=False, confidence=confidence)


def _reason(  # noqa: PLR0911 - one line for each reason
    signal: _Signal, confidence: float, windows: Samples
) -> Reason | None:
    """Why there can be no verdict."""
    if signal.active_s < LEAST_SECONDS:
        return "too_short_or_silent"
    if signal.usable_s < LEAST_SECONDS:
        return _obstacle(signal)
    if confidence >= _threshold(signal):
        return "tonal" if signal.lively.sum() < _LIVELY_SHARE * signal.active.sum() else None
    if _partly(signal, windows):
        return None
    if confidence >= _weak(signal) or windows.max(initial=0.0) >= WEAK_WINDOW:
        return "weak"
    coverage = float(signal.evidence.coverage[signal.usable].mean(dtype=np.float64))
    if signal.cut_hz > _NO_BELOW_HZ or coverage < COVERAGE_OF_NO:
        return "unsuitable_spectrum"
    return _obstacle(signal) if signal.usable_s < signal.active_s / 2 else None


def _partly(signal: _Signal, windows: Samples) -> bool:
    """Whether two windows a second apart are marked, and the part is found again."""
    high = windows >= PART_THRESHOLD
    return bool((high[2:] & high[:-2]).any()) and bool(_spans(signal, PART_THRESHOLD))


def _signal(evidence: Evidence) -> _Signal:
    active = is_active(evidence.level_db)
    covered = active & (smoothed(evidence.coverage, active, FRAMES_PER_SECOND) >= LEAST_COVERAGE)
    flux = smoothed(evidence.flux_db, active, FRAMES_PER_SECOND)
    usable = covered & (flux >= LEAST_FLUX_DB)
    return _Signal(evidence, active, covered, usable, usable & (flux >= LIVELY_FLUX_DB))


def _confidence(signal: _Signal) -> float:
    if not signal.usable.any():
        return 0.0
    return _unit(float(signal.evidence.score[signal.usable].mean(dtype=np.float64)))


def _threshold(signal: _Signal) -> float:
    threshold = next(value for below_s, value in THRESHOLDS if signal.usable_s < below_s)
    return max(threshold, CUT_THRESHOLD) if signal.cut_hz >= _CUT_BINS * _HERTZ else threshold


def _weak(signal: _Signal) -> float:
    little = signal.usable_s < 1.0 or signal.cut_hz >= _CUT_BINS * _HERTZ
    return WEAK_IN_LITTLE if little else WEAK


def _obstacle(signal: _Signal) -> Reason:
    return "unsuitable_spectrum" if 2 * signal.covered.sum() < signal.active.sum() else "tonal"


def _windows(signal: _Signal) -> Samples:
    """The confidence of 2 s around each half second; 0 where there is too little to tell."""
    mean = smoothed(signal.evidence.score, signal.lively, _WINDOW)
    everywhere = np.ones_like(signal.active)
    lively = smoothed(signal.lively.astype(np.float32), everywhere, _WINDOW)
    active = smoothed(signal.active.astype(np.float32), everywhere, _WINDOW)
    enough = (lively >= _LIVELY_SHARE) & (lively >= _LIVELY_SHARE_OF_WINDOW * active)
    return np.asarray(np.clip(mean * enough, 0.0, 1.0)[:: FRAMES_PER_SECOND // 2], np.float32)


def _spans(signal: _Signal, least: float = 0.5) -> tuple[MarkedSpan, ...]:
    spans = []
    for begin, end in segments(signal.evidence.score, signal.usable):
        counted = signal.usable[begin:end]
        confidence = _unit(float(signal.evidence.score[begin:end][counted].mean(dtype=np.float64)))
        if confidence >= least:
            spans.append(MarkedSpan(begin / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND, confidence))
    return tuple(spans)


def _told(
    signal: _Signal,
    duration_s: float,
    scheme: str,
    marked: bool | None,  # noqa: FBT001 - None is the third value
    confidence: float,
    *,
    found: tuple[MarkedSpan, ...] = (),
    reason: Reason | None = None,
    threshold: float | None = None,
) -> Detection:
    spans = tuple(
        MarkedSpan(round(span.start, 2), round(min(span.end, duration_s), 2), round(span.confidence, 4))
        for span in found
    )
    return Detection(
        watermarked=marked,
        confidence=round(_unit(confidence), 4),
        threshold=_threshold(signal) if threshold is None else threshold,
        marked_seconds=round(sum(span.end - span.start for span in spans), 2),
        segments=spans,
        active_seconds=round(signal.active_s, 2),
        duration_seconds=round(duration_s, 3),
        scheme=scheme,
        reason=reason,
        warnings=_warnings(signal, spans, marked=bool(marked)),
    )


def _warnings(signal: _Signal, spans: tuple[MarkedSpan, ...], *, marked: bool) -> tuple[str, ...]:
    said = []
    if signal.usable_s and signal.cut_hz >= _CUT_BINS * _HERTZ:
        said.append(f"there is no sound below {signal.cut_hz:.0f} Hz, so a higher threshold holds")
    left_out = signal.active_s - signal.usable_s
    if signal.usable_s >= LEAST_SECONDS and left_out > _WORTH_A_WARNING * signal.active_s:
        said.append(f"{left_out:.1f} s of sound are of a kind that cannot be judged and were left out")
    outside = signal.usable.copy()
    for span in spans:
        outside[int(span.start * FRAMES_PER_SECOND) : round(span.end * FRAMES_PER_SECOND)] = False
    if marked and outside.sum() > max(FRAMES_PER_SECOND, _WORTH_A_WARNING / 2 * signal.usable.sum()):
        said.append("only a part is marked: see the segments")
    return tuple(said)


def _unit(value: float) -> float:
    """`value` within 0..1, and 0 for what is no number."""
    return min(1.0, max(0.0, value)) if value == value else 0.0  # noqa: PLR0124 - NaN differs from itself
