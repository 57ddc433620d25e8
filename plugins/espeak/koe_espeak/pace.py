"""Speaking at a stated rate: espeak-ng's own parameter does not say how long speech becomes."""

from collections.abc import Callable

import numpy as np

from koe_espeak.synthesis import Synthesis

RATE_RANGE = (0.6, 2.0)
NATURAL_WPM = 175
_CLOSE_ENOUGH = 0.02
_CORRECTIONS = 3

# By how much speech is shorter than at 175 words per minute, measured with espeak-ng 1.52: the mean of 63
# sentences and variants in five languages. Single ones are up to 30 % off at the fast end (pauses and echo
# keep their length), which is why the length is measured and corrected.
_MEAN_RATE = (0.48, 0.511, 0.569, 0.683, 0.802, 0.914, 1.0, 1.139, 1.278, 1.407, 1.666, 1.943, 2.194, 2.424)
_MEAN_WPM = (80, 90, 100, 120, 140, 160, 175, 200, 225, 250, 300, 350, 400, 449)


def words_per_minute(rate: float) -> int:
    """The parameter that gives `rate` on average. From 450 on, espeak-ng would change its method."""
    return round(float(np.interp(rate, _MEAN_RATE, _MEAN_WPM)))


def at_rate(rate: float, synthesize: Callable[[int], Synthesis]) -> Synthesis:
    """What `synthesize` makes from words per minute so that its length is the natural one divided by `rate`.

    Takes one synthesis at rate 1.0 and two to four at others; the result is the closest, within
    `RATE_RANGE` usually by 2 %.
    """
    natural = synthesize(NATURAL_WPM)
    if rate == 1.0 or not natural.clauses:
        return natural
    made: dict[int, Synthesis] = {}
    asked = rate
    for _ in range(_CORRECTIONS):
        wpm = words_per_minute(asked)
        if wpm in made:
            break
        made[wpm] = synthesize(wpm)
        reached = len(natural.samples) / len(made[wpm].samples)
        if abs(reached / rate - 1) <= _CLOSE_ENOUGH:
            break
        asked *= rate / reached
    wanted = len(natural.samples) / rate
    return min(made.values(), key=lambda synthesis: abs(len(synthesis.samples) - wanted))
