"""The encoder of all formats that FFmpeg makes."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np
from attrs import field, frozen
from koe.api import AudioChunk, Encoder, Samples, StreamInfo

from koe_formats.intake import Intake, to_int16
from koe_formats.sink import open_sink
from koe_formats.tags import known

if TYPE_CHECKING:
    from av import AudioStream, Packet

STREAM_OPTIONS = {"flush_packets": "1"}
"""Without it the muxer keeps packets in its own buffer until 32 kB have gathered."""


@frozen
class Recipe:
    """How FFmpeg is asked for a format.

    Attributes:
        sample_rate: of the encoded audio in Hz.
        sample_format: what the codec reads: `flt`, `fltp` or `s16`.
        bitrate: in bit/s; None where the codec has none.
        needs_audio: an empty file of this format cannot be read, so one silent sample stands for nothing.
    """

    container: str
    codec: str
    sample_rate: int
    sample_format: str
    bitrate: int | None = None
    container_options: Mapping[str, str] = field(factory=dict)
    codec_options: Mapping[str, str] = field(factory=dict)
    needs_audio: bool = False


class AvEncoder(Encoder):
    """One response through one FFmpeg encoder and muxer."""

    def __init__(self, recipe: Recipe, info: StreamInfo) -> None:
        import av

        self._recipe = recipe
        self._intake = Intake(info.sample_rate, recipe.sample_rate)
        self._sink = open_sink(info.mode)
        options = {**recipe.container_options, **(STREAM_OPTIONS if info.mode == "stream" else {})}
        self._container = av.open(self._sink, "w", format=recipe.container, options=options)
        self._container.metadata.update(known(info.tags))
        stream = self._container.add_stream(recipe.codec, rate=recipe.sample_rate)
        self._stream = cast("AudioStream", stream)
        self._configure()
        self._fed = 0

    def feed(self, chunk: AudioChunk) -> bytes:
        self._encode(self._intake.take(chunk))
        return self._sink.take()

    def flush(self) -> bytes:
        self._encode(self._intake.drain())
        self._finish()
        self._mux_last(self._stream.encode(None))
        self._container.close()
        return self._sink.take_all()

    def close(self) -> None:
        self._container.close()

    def _finish(self) -> None:
        """Feed what is still missing before the codec is asked for the rest."""
        if self._fed == 0 and self._recipe.needs_audio:
            self._encode(np.zeros(1, np.float32))

    def _configure(self) -> None:
        context = self._stream.codec_context
        context.layout = "mono"
        context.format = self._recipe.sample_format
        context.options = dict(self._recipe.codec_options)
        if self._recipe.bitrate is not None:
            context.bit_rate = self._recipe.bitrate
        self._container.start_encoding()

    def _encode(self, samples: Samples) -> None:
        import av

        if not len(samples):
            return
        data = to_int16(samples) if self._recipe.sample_format == "s16" else samples
        frame = av.AudioFrame.from_ndarray(data[np.newaxis, :], self._recipe.sample_format, "mono")
        frame.sample_rate = self._recipe.sample_rate
        frame.time_base = Fraction(1, self._recipe.sample_rate)
        frame.pts = self._fed
        self._fed += len(samples)
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: "Iterable[Packet[AudioStream]]") -> None:
        for packet in packets:
            self._container.mux(packet)

    def _mux_last(self, packets: "Iterable[Packet[AudioStream]]") -> None:
        """Mux what the codec gives after the last sample."""
        self._mux(packets)
