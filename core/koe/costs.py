"""What an engine's inferences cost, learnt from those that were really run."""

import math

from attrs import define, field

_MEMORY_S = 60.0
"""Seconds of audio after which an inference has lost two thirds of its weight."""
_ALARM = 4.0
"""How much more an inference counts that took longer than the average: the machine has other work, too."""
_MOST_AT_ONCE = 0.3
_KNOWN_S = 3.0
"""An average over less audio than this says nothing yet."""
_OUTLIER = 3.0
"""An inference counts as at most this many times the average: one hiccup does not shut the door."""


@define(eq=False)
class Costs:
    """Running averages of one engine, on the safe side. Written on the event loop, read in any thread."""

    seconds_per_symbol: float = 0.08
    """Audio of one phoneme symbol (of one character, for engines that accept text) at rate 1.0."""
    seconds_per_character: float = 0.07
    """Audio of one character of the user's text, at the speed at which it was asked for."""
    _rtf: float = field(default=0.0, init=False)
    _heard_s: float = field(default=0.0, init=False)

    @property
    def rtf(self) -> float:
        """Seconds of inference for one second of audio; 0 while nothing is known."""
        return self._rtf if self._heard_s >= _KNOWN_S else 0.0

    def begin(self, rtf: float) -> None:
        """Start from a measurement, until there is something better."""
        self._rtf, self._heard_s = rtf, _KNOWN_S

    def inferred(self, infer_s: float, audio_s: float) -> None:
        """One inference ran for `infer_s` and made `audio_s` of audio."""
        if audio_s <= 0:
            return
        rtf = infer_s / audio_s
        if self.rtf:
            rtf = min(rtf, self.rtf * _OUTLIER)
        self._heard_s = min(self._heard_s + audio_s, _MEMORY_S)
        weight = audio_s / self._heard_s
        if rtf > self._rtf > 0:
            weight = min(weight * _ALARM, _MOST_AT_ONCE)
        self._rtf += (rtf - self._rtf) * weight

    def spoken(self, audio_s: float, symbols: float, characters: int) -> None:
        """So much was heard of so many symbols (divided by their rate) and characters of the user's text."""
        weight = 1 - math.exp(-audio_s / _MEMORY_S)
        if symbols > 0:
            self.seconds_per_symbol += (audio_s / symbols - self.seconds_per_symbol) * weight
        if characters > 0:
            self.seconds_per_character += (audio_s / characters - self.seconds_per_character) * weight
