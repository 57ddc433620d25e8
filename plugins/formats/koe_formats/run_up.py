"""Leaves out the frames at a file's ends that hold nothing but what the codec adds."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen
from koe.api import Samples, StreamInfo

from koe_formats.av_encoder import AvEncoder, Recipe

if TYPE_CHECKING:
    from av import AudioStream, Packet

QUIET = 0.001
"""Full scale is 1: what is below -60 dB is silence."""
_NOTHING = np.zeros(0, np.float32)


@frozen
class RunUp:
    """What a codec plays before the first sample, where no header tells players to leave it out.

    Attributes:
        frame_samples: of one frame.
        delay: samples that a decoder plays first when it gets every frame.
        skip: frames at the start that are not sent. A decoder is only right from the second frame on, since
            neighbouring frames overlap.
        quiet: how many samples must be silent at the start so that the missing overlap is not heard; as
            many as the audio lacks are put before it.
        least_frames: that a file needs to be recognised.
    """

    frame_samples: int
    delay: int
    skip: int
    quiet: int = 0
    least_frames: int = 1

    @property
    def least_samples(self) -> int:
        """What the codec must be fed to give `least_frames`."""
        return (self.least_frames + self.skip) * self.frame_samples - self.delay

    def frames(self, padded: int, samples: int, quiet_tail: int) -> int:
        """How many frames to send for `samples`, which are `padded` with the silence before them.

        `quiet_tail` of them are silent at the end. All frames that hold audio; but not the last one where it
        holds only silence and would make the file longer than the audio by more than a frame.
        """
        sounding = padded + self.delay - self.skip * self.frame_samples
        count = -(-sounding // self.frame_samples)
        shorter = (count - 1) * self.frame_samples
        if count * self.frame_samples - samples > self.frame_samples and sounding - shorter <= quiet_tail:
            count -= 1
        return max(count, self.least_frames)


@define
class _Ends:
    """How silent the audio is at its start and at its end, whatever its chunks."""

    quiet: int
    head: list[Samples] = field(factory=list)
    begun: bool = False
    tail: int = 0

    def take(self, samples: Samples, *, last: bool) -> Samples:
        """The samples, with silence before the first; held back while it is not known how much."""
        loud = np.flatnonzero(np.abs(samples) >= QUIET)
        self.tail = len(samples) - 1 - int(loud[-1]) if len(loud) else self.tail + len(samples)
        if self.begun:
            return samples
        self.head.append(samples)
        silent = min(sum(map(len, self.head[:-1])) + int(loud[0]) if len(loud) else self.tail, self.quiet)
        if not (len(loud) or silent == self.quiet or last):
            return _NOTHING
        self.begun = True
        held, self.head = self.head, []
        return np.concatenate([np.zeros(self.quiet - silent, np.float32), *held])


class TrimmedEncoder(AvEncoder):
    """An encoder whose file is longer than the audio by less than a frame, where its ends allow it."""

    def __init__(self, recipe: Recipe, info: StreamInfo, run_up: RunUp) -> None:
        super().__init__(recipe, info)
        self._run_up = run_up
        self._ends = _Ends(run_up.quiet)
        self._samples = 0
        self._skipped = 0
        self._frames = 0

    def _encode(self, samples: Samples) -> None:
        self._samples += len(samples)
        super()._encode(self._ends.take(samples, last=False))

    def _mux(self, packets: "Iterable[Packet[AudioStream]]") -> None:
        for packet in packets:
            if self._skipped < self._run_up.skip:
                self._skipped += 1
                continue
            self._frames += 1
            self._container.mux(packet)

    def _finish(self) -> None:
        super()._encode(self._ends.take(_NOTHING, last=True))
        missing = self._run_up.least_samples - self._fed
        super()._encode(np.zeros(max(0, missing), np.float32))

    def _mux_last(self, packets: "Iterable[Packet[AudioStream]]") -> None:
        needed = self._run_up.frames(self._fed, self._samples, self._ends.tail)
        to_skip = self._run_up.skip - self._skipped
        self._mux(islice(packets, max(0, needed - self._frames + to_skip)))
