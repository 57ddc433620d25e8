"""Audio files in, marked audio files out: frame by frame, whatever their length."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from attrs import define, field, frozen
from koe.api import InvalidRequestError, StreamInfo
from numpy.typing import NDArray

from koe_watermark.marking import Marking
from koe_watermark.schemes import Scheme

if TYPE_CHECKING:
    from av import AudioStream
    from av.container import InputContainer, OutputContainer

Planes = NDArray[np.float32]
"""Of shape `(channels, n)`."""


@frozen
class Target:
    """What FFmpeg makes of an ending. `deep`: also takes samples of more than 16 bits."""

    container: str
    codec: str
    options: Mapping[str, str] = field(factory=dict)


TARGETS: Final[Mapping[str, Target]] = {
    "wav": Target("wav", "pcm_s16le", {"rf64": "auto"}),
    "flac": Target("flac", "flac"),
    "mp3": Target("mp3", "libmp3lame"),
    "ogg": Target("ogg", "libopus"),
    "opus": Target("ogg", "libopus"),
    "m4a": Target("ipod", "aac"),
    "aac": Target("adts", "aac"),
}
_DEEP_WAV: Final = {"pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"}
_USUAL_LAYOUTS: Final = {1: "mono", 2: "stereo"}
_SHALLOW: Final = {"u8", "u8p", "s16", "s16p"}


@frozen
class Embedded:
    """What was done to a file."""

    target: Path
    seconds: float
    sample_rate: int
    channels: int
    output_rate: int
    replaced: int
    clipped: int

    def __str__(self) -> str:
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        said = [f"{self.target}: {self.seconds:.2f} s marked at {self.sample_rate} Hz, {channels}"]
        if self.output_rate != self.sample_rate:
            said.append(f"resampled to {self.output_rate} Hz, as the format has no {self.sample_rate} Hz")
        if self.replaced:
            said.append(f"{self.replaced} samples that were not finite are silent")
        if self.clipped:
            said.append(f"{self.clipped} samples were clipped")
        return "; ".join(said)


def embed_file(
    source: Path, target: Path, schemes: Sequence[Scheme], *, force: bool = False, bitrate: int | None = None
) -> Embedded:
    """Mark `source` into `target`, which appears when it is complete, or not at all.

    Raises:
        InvalidRequestError: the source is no audio, the target exists or cannot be written, or there is
            no scheme that marks.
    """
    if not any(scheme.marks for scheme in schemes):
        raise InvalidRequestError("No scheme in plugins.watermark.schemes marks audio; add perth-implicit")
    form = TARGETS.get(target.suffix.removeprefix(".").lower())
    if form is None:
        raise InvalidRequestError(
            f"{target}: the ending does not say a format that can be written; use one of {', '.join(TARGETS)}"
        )
    with _reading(source) as reader, _appearing(target, force=force) as unfinished:
        markings = reader.markings(schemes)
        with _writing(unfinished, target, form, reader, bitrate) as writer:
            writer.tag({name: text for scheme in schemes for name, text in scheme.tags(reader.info).items()})
            for planes in reader.planes():
                writer.write(np.stack([m.push(row) for m, row in zip(markings, planes, strict=True)]))
            writer.write(np.stack([marking.flush() for marking in markings]))
        if not writer.written:
            raise InvalidRequestError(f"{source}: holds no audio")
    return Embedded(
        target=target,
        seconds=writer.written / reader.info.sample_rate,
        sample_rate=reader.info.sample_rate,
        channels=len(markings),
        output_rate=writer.sample_rate,
        replaced=sum(marking.replaced for marking in markings),
        clipped=sum(marking.clipped for marking in markings),
    )


@define
class _Reader:
    source: Path
    container: "InputContainer"
    stream: "AudioStream"

    @property
    def info(self) -> StreamInfo:
        return StreamInfo(self.stream.codec_context.sample_rate)

    @property
    def channels(self) -> int:
        return self.stream.codec_context.layout.nb_channels

    @property
    def layout(self) -> str:
        """A file that does not say which channel is which has the usual ones, as codecs ask for them."""
        return _USUAL_LAYOUTS.get(self.channels, self.stream.codec_context.layout.name)

    def markings(self, schemes: Sequence[Scheme]) -> list[Marking]:
        """One for each channel."""
        try:
            return [
                Marking([scheme.open(self.info) for scheme in schemes if scheme.marks])
                for _ in range(self.channels)
            ]
        except ValueError as error:
            raise InvalidRequestError(f"{self.source}: {error}") from error

    def planes(self) -> Iterator[Planes]:
        import av

        codec = self.stream.codec_context
        to_float = av.AudioResampler(format="fltp", layout=codec.layout, rate=codec.sample_rate)
        try:
            for frame in self.container.decode(self.stream):
                for made in to_float.resample(frame):
                    yield np.asarray(made.to_ndarray(), np.float32)
            for made in to_float.resample(None):
                yield np.asarray(made.to_ndarray(), np.float32)
        except (av.FFmpegError, ValueError) as error:
            raise InvalidRequestError(f"{self.source}: breaks off as audio: {error}") from error


@contextmanager
def _reading(source: Path) -> Iterator[_Reader]:
    import av

    try:
        with source.open("rb") as file, av.open(file, "r") as container:
            yield _Reader(source, container, _only_audio(source, container))
    except (OSError, av.FFmpegError) as error:
        raise InvalidRequestError(f"{source}: cannot be read as audio: {error.strerror or error}") from error


def _only_audio(source: Path, container: "InputContainer") -> "AudioStream":
    """The one audio stream. A picture of the cover may stand beside it, and is not taken along."""
    from av.stream import Disposition

    moving = [
        stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
    ]
    if moving or len(container.streams.audio) != 1:
        raise InvalidRequestError(
            f"{source}: holds {len(container.streams.audio)} audio and {len(moving)} video streams; "
            f"extract the one audio stream that is to be marked"
        )
    return container.streams.audio[0]


@define
class _Writer:
    container: "OutputContainer"
    stream: "AudioStream"
    source_rate: int
    written: int = 0

    @property
    def sample_rate(self) -> int:
        return self.stream.codec_context.sample_rate

    def tag(self, tags: Mapping[str, str]) -> None:
        self.container.metadata.update(tags)

    def write(self, planes: Planes) -> None:
        import av

        if not planes.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(planes, "fltp", self.stream.codec_context.layout.name)
        frame.sample_rate = self.source_rate
        frame.time_base = Fraction(1, self.source_rate)
        frame.pts = self.written
        self.written += planes.shape[1]
        for packet in self.stream.encode(frame):
            self.container.mux(packet)

    def finish(self) -> None:
        for packet in self.stream.encode(None):
            self.container.mux(packet)


@contextmanager
def _writing(
    unfinished: Path, target: Path, form: Target, reader: _Reader, bitrate: int | None
) -> Iterator[_Writer]:
    import av

    try:
        with av.open(str(unfinished), "w", format=form.container, options=dict(form.options)) as container:
            stream = _encoder(container, form, reader, bitrate)
            container.metadata.update(reader.container.metadata)
            writer = _Writer(container, stream, reader.info.sample_rate)
            yield writer
            if writer.written:
                writer.finish()
    except (av.FFmpegError, ValueError) as error:
        raise InvalidRequestError(f"{target}: cannot be written: {error}") from error


def _encoder(
    container: "OutputContainer", form: Target, reader: _Reader, bitrate: int | None
) -> "AudioStream":
    import av

    given = reader.stream.codec_context
    deep = given.format.name not in _SHALLOW
    codec = given.name if form.codec.startswith("pcm") and given.name in _DEEP_WAV else form.codec
    rates = av.Codec(codec, "w").audio_rates
    rate = _nearest(given.sample_rate, rates) if rates else given.sample_rate
    stream = cast("AudioStream", container.add_stream(codec, rate=rate))
    context = stream.codec_context
    context.layout = reader.layout
    if codec == "flac":
        context.format = "s32" if deep and "flt" not in given.format.name else "s16"
    if bitrate is not None:
        context.bit_rate = bitrate
    return stream


def _nearest(sample_rate: int, rates: Sequence[int]) -> int:
    """The rate itself, or the next one above, or the highest."""
    return min((rate for rate in rates if rate >= sample_rate), default=max(rates))


@contextmanager
def _appearing(target: Path, *, force: bool) -> Iterator[Path]:
    """A path to write to; the file gets its name when the block is left without an error."""
    _refuse_existing(target, force=force)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidRequestError(f"{target}: cannot be written: {error.strerror}") from error
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        _refuse_existing(target, force=force)
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _refuse_existing(target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise InvalidRequestError(f"{target}: is there already; --force replaces it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
