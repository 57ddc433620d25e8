"""Perth's mark, found by Perth's own network."""

import threading
from collections.abc import Iterable
from functools import cache

from koe.api import Samples

from koe_watermark.detector import Detection, Detector
from koe_watermark.evidence import Evidence, gather
from koe_watermark.network import Decoder
from koe_watermark.spectrum import SAMPLE_RATE, Spectrogram
from koe_watermark.verdict import judge


class PerthDetector(Detector):
    """Reads the signal block by block: memory grows by 2 kB for a second of audio."""

    scheme = "perth-implicit"
    sample_rate = SAMPLE_RATE

    def __init__(self) -> None:
        self._decoder: Decoder | None = None
        self._loading = threading.Lock()

    def detect(self, blocks: Iterable[Samples]) -> Detection:
        decoder = self._loaded()
        spectrogram, parts, samples = Spectrogram(), [], 0
        for block in blocks:
            samples += len(block)
            parts += [gather(decoder, levels, new) for levels, new in spectrogram.push(block)]
        parts += [gather(decoder, levels, new) for levels, new in spectrogram.flush()]
        return judge(Evidence.joined(parts), samples / SAMPLE_RATE, self.scheme)

    def _loaded(self) -> Decoder:
        with self._loading:
            if self._decoder is None:
                self._decoder = Decoder()
            return self._decoder


@cache
def shared_detector() -> PerthDetector:
    """One for the process: the network takes memory once."""
    return PerthDetector()
