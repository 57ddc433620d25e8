"""The audio processor `telephone`."""

import numpy as np
from koe.api import AudioChunk, AudioProcessor, AudioStream, Samples, StreamInfo, WordTiming

from koe_telephone.config import TelephoneConfig
from koe_telephone.filters import StreamingFilter, band_pass


class Telephone(AudioProcessor):
    """A microphone that saturates, and a line that passes only a band."""

    name = "telephone"

    def __init__(self, config: TelephoneConfig) -> None:
        self._config = config

    def open(self, info: StreamInfo) -> AudioStream:
        config = self._config
        coefficients = band_pass(config.low_hz, config.high_hz, config.transition_hz, info.sample_rate)
        return Call(StreamingFilter(coefficients), info.sample_rate, 10 ** (config.drive_db / 20))


class Call(AudioStream):
    """One response on its way through the line."""

    def __init__(self, line: StreamingFilter, sample_rate: int, drive: float) -> None:
        self._line = line
        self._sample_rate = sample_rate
        self._drive = drive
        self._words: tuple[WordTiming, ...] = ()

    def process(self, chunk: AudioChunk) -> AudioChunk:
        self._words += chunk.words
        return self._made(self._line.push(self._saturated(chunk.samples)))

    def flush(self) -> AudioChunk | None:
        rest = self._made(self._line.flush())
        return rest if len(rest.samples) else None

    @property
    def repeatable(self) -> bool:
        """The same audio sounds the same for everybody."""
        return True

    def _saturated(self, samples: Samples) -> Samples:
        """Before the filter, which takes away the overtones that this makes; full scale stays full scale."""
        if self._drive <= 1:
            return samples
        saturated: Samples = (np.tanh(self._drive * samples) / np.tanh(self._drive)).astype(np.float32)
        return saturated

    def _made(self, samples: Samples) -> AudioChunk:
        words: tuple[WordTiming, ...] = ()
        if len(samples):
            words, self._words = self._words, ()
        return AudioChunk(samples, self._sample_rate, words)
