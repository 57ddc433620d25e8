"""`vorbis`: in Ogg pages, by libsndfile (FFmpeg's own Vorbis encoder is experimental and stereo only)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from koe.api import AudioChunk, AudioFormat, Encoder, Samples, StreamInfo

from koe_formats.intake import Intake
from koe_formats.ogg import PageSink
from koe_formats.options import choose_sample_rate, refuse_bitrate
from koe_formats.tags import soundfile_names

BLOCK = 2_048
"""Samples handed to libsndfile at a time. It keeps them on the C stack, and minutes of them overflow it; and
what libvorbis makes of the first samples depends on how many come with them."""


class VorbisFormat(AudioFormat):
    """Vorbis in Ogg. libsndfile fills its pages: a stream starts to sound after about one second."""

    name = "vorbis"
    media_type: ClassVar[str] = "audio/ogg; codecs=vorbis"
    extension: ClassVar[str] = "ogg"
    conformance: ClassVar[Mapping[str, Any]] = {"frame_samples": 1_024}

    def __init__(self, quality: float = 0.4) -> None:
        self._quality = quality

    def open(self, info: StreamInfo) -> Encoder:
        refuse_bitrate(self, info)
        return VorbisEncoder(info, choose_sample_rate(self, info), self._quality)


class VorbisEncoder(Encoder):
    def __init__(self, info: StreamInfo, sample_rate: int, quality: float) -> None:
        import soundfile

        self._intake = Intake(info.sample_rate, sample_rate)
        self._held: Samples = np.zeros(0, np.float32)
        self._sink = SoundFileSink()
        self._file = soundfile.SoundFile(
            self._sink,
            "w",
            samplerate=sample_rate,
            channels=1,
            format="OGG",
            subtype="VORBIS",
            compression_level=1.0 - quality,
        )
        for name, text in soundfile_names(info.tags).items():
            setattr(self._file, name, text)

    def feed(self, chunk: AudioChunk) -> bytes:
        self._write(self._intake.take(chunk))
        return self._sink.take()

    def flush(self) -> bytes:
        self._write(self._intake.drain())
        self._file.write(self._held)
        self._file.close()
        return self._sink.take()

    def close(self) -> None:
        self._file.close()

    def _write(self, samples: Samples) -> None:
        waiting = np.concatenate([self._held, samples])
        end = len(waiting) // BLOCK * BLOCK
        for start in range(0, end, BLOCK):
            self._file.write(waiting[start : start + BLOCK])
        self._held = waiting[end:]


class SoundFileSink(PageSink):
    """libsndfile asks for the position when it opens a file; in Ogg it never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self._position = 0

    def write(self, data: bytes, /) -> int:
        self._position += len(data)
        return super().write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        target = offset + (0 if whence == 0 else self._position)
        if target != self._position:
            raise OSError(f"An Ogg stream was to go back from byte {self._position} to {target}")
        return target

    def tell(self) -> int:
        return self._position
