"""When each word is spoken, from the frames that the model gives every token."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from koe.types import PhonemeWord, WordTiming

SAMPLE_RATE = 24_000
FRAME_SAMPLES = 600
"""A frame is 25 ms: the decoder makes 600 samples of each."""


def word_timings(words: Sequence[PhonemeWord], frames: NDArray[np.int64]) -> tuple[WordTiming, ...]:
    """The words' times, exact to a frame, from the start of the segment's audio.

    `frames` has one entry per token, the pads included: token `i` sounds over the frames from the sum of
    those before it. A word lasts as long as its phonemes without the punctuation and spaces after them;
    words without phonemes have no time.
    """
    ends_s = np.cumsum(frames) * FRAME_SAMPLES / SAMPLE_RATE
    spoken = "".join(word.phonemes + word.tail for word in words)
    last = len(spoken.strip())
    position = len(spoken.lstrip()) - len(spoken)
    timings = []
    for word in words:
        start, end = (min(max(at, 0), last) for at in (position, position + len(word.phonemes)))
        position += len(word.phonemes) + len(word.tail)
        if start < end:
            # The leading pad is token 0, so the token before a phoneme has the phoneme's own index.
            timings.append(WordTiming(word.text, float(ends_s[start]), float(ends_s[end]), word.source))
    return tuple(timings)
