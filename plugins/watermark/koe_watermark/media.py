"""Audio files that may be hostile, as mono samples: only audio is decoded, and nothing else is opened."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from attrs import define, frozen
from koe.api import Samples, UnsupportedMediaTypeError

from koe_watermark.errors import AudioTooLongError, DamagedAudioError
from koe_watermark.headers import mp3_states_length, wav_is_open_ended

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

CONTAINERS: Final = (
    "aac ac3 aiff amr ape asf au caf eac3 flac matroska,webm mov,mp4,m4a,3gp,3g2,mj2 mp3 ogg tta w64 wav wv"
).split()
"""FFmpeg's demuxers that are used. Playlists and the like, which open further files, are not among them."""
_CODECS: Final = (
    "aac ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms alac amrnb amrwb ape eac3 flac gsm gsm_ms libopencore_amrnb "
    "libopencore_amrwb libopus libvorbis mp2 mp2float mp3 mp3float opus pcm_alaw pcm_f32be pcm_f32le "
    "pcm_f64be pcm_f64le pcm_mulaw pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le pcm_s8 pcm_u8 "
    "speex tta vorbis wavpack wmav1 wmav2 wmapro wmalossless"
).split()
_OPTIONS: Final = {
    "format_whitelist": ",".join(CONTAINERS),
    "codec_whitelist": ",".join(_CODECS),
    "protocol_whitelist": "none",
}
_STATE_THEIR_LENGTH: Final = {"aiff", "caf", "flac", "mov,mp4,m4a,3gp,3g2,mj2", "ogg", "w64"}
"""Containers of which FFmpeg knows how much audio is in them, besides wav and mp3; others it estimates."""
_SAMPLE_RATES: Final = (4_000, 384_000)
_MOST_CHANNELS: Final = 8
_MISSING_S: Final = 0.2
"""How much shorter than stated a file may be: encoders' paddings are counted by some and not by others."""
_MICROSECONDS: Final = 1_000_000


@frozen
class MediaLimits:
    """How much of a file is worked on.

    Attributes:
        audio_s: seconds of audio.
        decode_s: seconds of processor time to decode them.
    """

    audio_s: float = 600.0
    decode_s: float = 10.0


def read_audio(source: BinaryIO | Path, sample_rate: int, limits: MediaLimits) -> Samples:
    """All of a file's audio, mixed to one channel, finite, at `sample_rate`. Blocks; call it in a thread.

    Raises:
        UnsupportedMediaTypeError: it is no audio file of a known kind, has several audio tracks or a video.
        DamagedAudioError: it is empty, cannot be read, breaks off or cannot be decoded.
        AudioTooLongError: it is longer than the limits.
    """
    with _opened(source) as (file, name), _container(file, name) as container:
        stream = _audio_stream(container, name)
        stated = _states_length(container.format.name, file)
        stated_s = _stated_seconds(container, stream) if stated else None
        if stated_s is not None and stated_s > limits.audio_s:
            raise _too_long(name, f"states {stated_s:.0f} s of audio", limits)
        open_ended = container.format.name == "wav" and not stated
        decoding = _Decoding(container, stream, name, sample_rate, limits, open_ended=open_ended)
        blocks = list(decoding.blocks())
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    found_s = len(samples) / sample_rate
    if stated_s is not None and found_s < stated_s - max(_MISSING_S, stated_s / 100):
        raise DamagedAudioError(
            f"{name} is truncated: it states {stated_s:.2f} s of audio and holds {found_s:.2f} s"
        )
    if not len(samples):
        raise DamagedAudioError(f"{name} holds no audio")
    return samples


@contextmanager
def _opened(source: BinaryIO | Path) -> Iterator[tuple[BinaryIO, str]]:
    if not isinstance(source, Path):
        source.seek(0)
        yield source, "the file"
        return
    try:
        with source.open("rb") as file:
            yield file, str(source)
    except OSError as error:
        raise DamagedAudioError(f"{source} cannot be read: {error.strerror or error}") from error


@contextmanager
def _container(file: BinaryIO, name: str) -> Iterator["InputContainer"]:
    import av

    if not file.read(1):
        raise DamagedAudioError(f"{name} is empty")
    file.seek(0)
    try:
        container = av.open(file, "r", container_options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedMediaTypeError(
            f"{name} is not an audio file that can be read ({_reason(error)}); send wav, flac, mp3, ogg, "
            f"opus, m4a, aac, aiff or webm audio"
        ) from error
    with container:
        yield container


def _audio_stream(container: "InputContainer", name: str) -> "AudioStream":
    from av.stream import Disposition

    moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    audio = container.streams.audio
    if moving or len(audio) != 1:
        raise UnsupportedMediaTypeError(
            f"{name} holds {len(audio)} audio and {len(moving)} video tracks; send one audio track, "
            f"extracted with `ffmpeg -i FILE -vn -map a:0 -c copy AUDIO`"
        )
    codec = audio[0].codec_context
    if getattr(codec, "name", "") not in _CODECS:  # FFmpeg may have found none, whatever the types say
        raise UnsupportedMediaTypeError(
            f"{name} holds audio in a coding that is not read here; send wav or flac"
        )
    lowest, highest = _SAMPLE_RATES
    if not lowest <= codec.sample_rate <= highest or not 1 <= codec.layout.nb_channels <= _MOST_CHANNELS:
        raise UnsupportedMediaTypeError(
            f"{name} has {codec.layout.nb_channels} channels at {codec.sample_rate} Hz; up to "
            f"{_MOST_CHANNELS} channels at {lowest} to {highest} Hz are read"
        )
    return audio[0]


def _stated_seconds(container: "InputContainer", stream: "AudioStream") -> float | None:
    """The length that FFmpeg read from the file's header, or found at its end."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / _MICROSECONDS


def _states_length(form: str, file: BinaryIO) -> bool:
    """Whether the length is stated, and no estimate of FFmpeg's."""
    place = file.tell()
    try:
        if form == "wav":
            return not wav_is_open_ended(file)
        return mp3_states_length(file) if form == "mp3" else form in _STATE_THEIR_LENGTH
    finally:
        file.seek(place)


@define
class _Decoding:
    container: "InputContainer"
    stream: "AudioStream"
    name: str
    sample_rate: int
    limits: MediaLimits
    open_ended: bool
    _made: int = 0

    def blocks(self) -> Iterator[Samples]:
        import av

        self.stream.codec_context.thread_type = "NONE"
        resampler = av.AudioResampler("flt", "mono", self.sample_rate)
        try:
            for frame in self._frames():
                for made in resampler.resample(frame):
                    yield self._checked(made)
        except (av.FFmpegError, ValueError) as error:
            sound_s = self._made / self.sample_rate
            raise DamagedAudioError(
                f"{self.name} breaks off as audio after {sound_s:.2f} s: {_reason(error)}"
            ) from error

    def _frames(self) -> Iterator["AudioFrame | None"]:
        deadline = time.thread_time() + self.limits.decode_s
        for packet in self.container.demux(self.stream):
            if packet.is_corrupt and not self.open_ended:
                raise ValueError("a packet is damaged")
            yield from packet.decode()
            if time.thread_time() > deadline:
                raise _too_long(
                    self.name, f"takes more than {self.limits.decode_s:g} s to decode", self.limits
                )
        yield None

    def _checked(self, frame: "AudioFrame") -> Samples:
        samples = np.asarray(frame.to_ndarray()[0], np.float32)
        self._made += len(samples)
        if self._made > self.limits.audio_s * self.sample_rate:
            raise _too_long(self.name, f"holds more than {self.limits.audio_s:g} s of audio", self.limits)
        return np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _too_long(name: str, what: str, limits: MediaLimits) -> AudioTooLongError:
    return AudioTooLongError(
        f"{name} {what}; up to {limits.audio_s:g} s are looked at "
        f"(plugins.watermark.detect.max_audio_s): cut it"
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
