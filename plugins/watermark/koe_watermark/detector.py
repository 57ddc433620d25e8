"""What a scheme that can be found again says of a signal, and the interface behind it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Literal

from attrs import frozen
from koe.api import Samples

Reason = Literal["too_short_or_silent", "unsuitable_spectrum", "tonal", "weak"]
"""Why there is no verdict.

`too_short_or_silent`: less than 0.5 s of sound. `unsuitable_spectrum`: too little sound where the mark lies.
`tonal`: steady tones, which the network takes for a mark. `weak`: too much for no, too little for yes.
"""


@frozen
class MarkedSpan:
    """A marked part, in seconds from the start."""

    start: float
    end: float
    confidence: float


@frozen
class Detection:
    """What was found.

    Attributes:
        watermarked: None where the method cannot tell, for `reason`.
        confidence: 0 to 1, of the whole, or of the best 2 s where only a part is marked.
        threshold: from which confidence on it counted as marked here.
        marked_seconds: how long the segments are in all.
        segments: the marked parts, in order.
        active_seconds: how much of it is neither silence nor pause.
        duration_seconds: of all of it.
        scheme: whose mark was looked for.
        reason: why there is no verdict; None where there is one.
        warnings: what else to know about this verdict, in words.
    """

    watermarked: bool | None
    confidence: float
    threshold: float
    marked_seconds: float
    segments: tuple[MarkedSpan, ...]
    active_seconds: float
    duration_seconds: float
    scheme: str
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()


class Detector(ABC):
    """Finds the marks of one scheme. Used by several threads at once.

    Attributes:
        sample_rate: at which `detect` wants its samples, in Hz.
    """

    scheme: ClassVar[str]
    sample_rate: ClassVar[int]

    @abstractmethod
    def detect(self, blocks: Iterable[Samples]) -> Detection:
        """Look for the mark in a signal that comes in blocks of finite float32 of shape `(n,)`.

        What it needs is loaded at the first call.

        Raises:
            WatermarkUnavailableError: what it needs is missing.
        """
