"""How long segments may be, so that the first sounds soon and playback does not run dry behind it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, repeat

import structlog
from attrs import field, frozen

from koe.cancellation import Cancellation
from koe.settings import StreamingSettings
from koe.stages import Engine
from koe.types import PhonemeSegment, PhonemeWord, Voice, VoiceMix

log = structlog.get_logger(__name__)

AUDIBLE_RTF = 0.02
"""From this real-time factor on, a sentence takes long enough to be waited for."""
_MARGIN = 0.8
_PROBE = "həlˈO wˈɜɹld, hˌW ˈɑɹ ju"


@frozen
class Pace:
    """Segment lengths for one engine.

    While a segment plays, the next one is made: that works out where it is at most `1 / rtf` times as long.
    """

    settings: StreamingSettings
    rtf: float | None = None
    """The engine's measured real-time factor; None where it was not measured."""
    room: Callable[[int, float], float] | None = field(default=None, eq=False)
    """How many phoneme symbols a segment may have to be made in time: its number, the budget before it."""

    @property
    def cuts(self) -> bool:
        """Whether streamed answers begin with short segments."""
        if self.settings.cut == "auto":
            return self.rtf is not None and self.rtf >= AUDIBLE_RTF
        return self.settings.cut == "always"

    @property
    def growth(self) -> float:
        """How many times longer the next segment may be."""
        if not self.rtf:
            return self.settings.growth
        return min(self.settings.growth, max(1.0, _MARGIN / self.rtf))

    def budgets(self, limit: int) -> Iterator[int]:
        """The most phoneme symbols of each segment in turn, up to `limit`."""
        if not self.cuts:
            yield from repeat(limit)
        first = budget = float(min(self.settings.first_phonemes, limit))
        for number in count(1):
            yield int(budget)
            longest = min(budget * self.growth, limit)
            if self.room is not None:
                longest = min(longest, self.room(number, budget))
            budget = max(first, longest)


def measured_rtf(engine: Engine, at_once: int = 1) -> float | None:
    """The engine's real-time factor on a short segment, where `at_once` of them are inferred side by side.

    None for engines that accept text. Blocks while the engine speaks, at first two symbols only, which warm
    it up.
    """
    if engine.accepts != "phonemes":
        return None
    voice, known = engine.voices()[0], engine.vocabulary
    symbols = _PROBE if known is None else "".join(symbol for symbol in _PROBE if symbol in known)
    engine.infer(_segment(symbols[-2:], voice), Cancellation())
    segment = _segment(symbols, voice)
    with ThreadPoolExecutor(at_once, thread_name_prefix="koe-measure") as pool:
        start = time.perf_counter()
        chunks = list(pool.map(lambda _: engine.infer(segment, Cancellation()), range(at_once)))
        rtf = (time.perf_counter() - start) / max(chunks[0].seconds, 1e-3)
    log.info("engine_measured", engine=engine.name, rtf=round(rtf, 3), at_once=at_once)
    return rtf


def _segment(phonemes: str, voice: Voice) -> PhonemeSegment:
    return PhonemeSegment("probe", (PhonemeWord("probe", phonemes),), VoiceMix.of(voice.name), voice.language)
