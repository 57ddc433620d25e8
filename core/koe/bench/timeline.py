"""How much of an encoded answer can be played when its first so many bytes have come."""

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

PCM_RATE = 24_000
"""Of headerless `pcm`, as OpenAI's API has it: 16 bit little-endian mono."""
FORMATS = ("pcm", "wav", "mp3", "opus", "vorbis", "flac", "aac")
"""Formats in which audio can be told from headers."""
AUDIBLE = 10 ** (-50 / 20)
"""From which amplitude on a sample is a sound: -50 dB of full scale."""

_RAW_STEP_S = 0.001
_OGG_HEADER_BYTES = 27
_FMT_BYTES = 16


class UnreadableAudioError(Exception):
    """An answer that does not decode, or holds no audio."""


@frozen(eq=False)
class Timeline:
    """What each byte brings.

    Attributes:
        offsets: byte counts, rising. Once that many have come...
        seconds: ...so many seconds of audio can be played.
        sounds_at: how many bytes must have come for the first audible sample; None where all is silence.
    """

    offsets: NDArray[np.int64]
    seconds: NDArray[np.float64]
    sounds_at: int | None

    @property
    def audio_s(self) -> float:
        """All of it."""
        return float(self.seconds[-1])

    def playable_s(self, received: int) -> float:
        """Seconds of audio in the first `received` bytes."""
        steps = int(np.searchsorted(self.offsets, received, "right"))
        return float(self.seconds[steps - 1]) if steps else 0.0


def timeline(name: str, body: bytes) -> Timeline:
    """Of an answer in the format `name`, one of `FORMATS`.

    A header is not audio: playable is what a decoder that was given so many bytes can decode.

    Raises:
        UnreadableAudioError: it is not that format, damaged, or without a single sample.
    """
    if name == "pcm":
        return _raw(np.frombuffer(body[: len(body) // 2 * 2], "<i2"), 0, PCM_RATE)
    if name == "wav" and (found := _wav(body)) is not None:
        return found
    return _decoded(body)


def _raw(samples: NDArray[np.int16], header_bytes: int, sample_rate: int) -> Timeline:
    if not len(samples):
        raise UnreadableAudioError("it holds no audio")
    step = max(1, round(sample_rate * _RAW_STEP_S))
    counts = np.unique(np.concatenate(([1], np.arange(step, len(samples), step), [len(samples)])))
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE * 32_768)
    sounds_at = header_bytes + 2 * (int(loud[0]) + 1) if len(loud) else None
    return Timeline(header_bytes + 2 * counts, counts / sample_rate, sounds_at)


def _wav(body: bytes) -> Timeline | None:
    """Of 16 bit mono; None where it is anything else."""
    if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
        raise UnreadableAudioError("it is no WAV file")
    at, sample_rate = 12, 0
    while at + 8 <= len(body):
        kind, size = body[at : at + 4], int.from_bytes(body[at + 4 : at + 8], "little")
        at += 8
        if kind == b"data" and sample_rate:
            data = body[at : min(at + size, len(body))]
            return _raw(np.frombuffer(data[: len(data) // 2 * 2], "<i2"), at, sample_rate)
        if kind == b"fmt " and at + _FMT_BYTES <= len(body):
            coding, channels, sample_rate = struct.unpack_from("<HHI", body, at)
            if (coding, channels, body[at + 14]) != (1, 1, 16):
                return None
        at += size + size % 2
    raise UnreadableAudioError("it is a WAV file without audio")


def _decoded(body: bytes) -> Timeline:
    steps: list[tuple[int, float]] = []
    total, sounds_at = 0.0, None
    for end, frames in _packets(body):
        total += sum(frame.shape[-1] / rate for frame, rate in frames)
        if sounds_at is None and any(np.abs(frame).max(initial=0) > AUDIBLE for frame, _ in frames):
            sounds_at = end
        if steps and steps[-1][0] >= end:
            steps[-1] = (steps[-1][0], total)
        elif total:
            steps.append((end, total))
    if not steps:
        raise UnreadableAudioError("it holds no audio")
    offsets, seconds = zip(*steps, strict=True)
    return Timeline(np.array(offsets, np.int64), np.array(seconds), sounds_at)


def _packets(body: bytes) -> Iterator[tuple[int, Sequence[tuple[NDArray[np.float32], int]]]]:
    """Where each packet ends in the body, and the frames (samples, sample rate) that it gave."""
    import av

    try:
        with av.open(io.BytesIO(body), "r") as container:
            if not container.streams.audio:
                raise UnreadableAudioError("it holds no audio")
            for packet in container.demux(audio=0):
                frames = [(_floats(frame.to_ndarray()), frame.sample_rate) for frame in packet.decode()]
                yield _end(body, packet.pos, packet.size), frames
    except (av.FFmpegError, UnicodeDecodeError) as error:  # the latter of damaged tags
        raise UnreadableAudioError(f"it does not decode: {error}") from None


def _end(body: bytes, position: int | None, size: int) -> int:
    """A packet is complete with its own last byte; in Ogg, with its page's."""
    if position is None:
        return len(body)
    if body[position : position + 4] != b"OggS":
        return position + size
    lacing = body[position + _OGG_HEADER_BYTES :][: body[position + _OGG_HEADER_BYTES - 1]]
    return position + _OGG_HEADER_BYTES + len(lacing) + sum(lacing)


def _floats(samples: NDArray[Any]) -> NDArray[np.float32]:
    scale = np.iinfo(samples.dtype).max + 1 if np.issubdtype(samples.dtype, np.integer) else 1
    return np.asarray(samples, np.float32) / np.float32(scale)
