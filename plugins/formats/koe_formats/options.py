"""The caller's `sample_rate` and `bitrate`: what a format makes of them, and what it refuses."""

from koe.api import AudioFormat, StreamInfo, UnsupportedFormatError

ANY_RATE = (8_000, 48_000)
"""Lowest and highest sample rate in Hz of formats that take any."""


def choose_sample_rate(audio_format: AudioFormat, info: StreamInfo, default: int | None = None) -> int:
    """The sample rate to encode at, in Hz.

    The caller's wish; without one `default`, or else the engine's own rate, or the next one above it that
    the format has.

    Raises:
        UnsupportedFormatError: the format does not have the rate that the caller wants.
    """
    wish, allowed = info.output_sample_rate, audio_format.sample_rates
    if wish is None:
        native = default or info.sample_rate
        return native if allowed is None else _next_above(native, allowed)
    if allowed is None:
        lowest, highest = ANY_RATE
        if not lowest <= wish <= highest:
            raise _refused(audio_format, "sample_rate", wish, f"any from {lowest} to {highest} Hz")
    elif wish not in allowed:
        listed = ", ".join(str(rate) for rate in sorted(allowed))
        raise _refused(audio_format, "sample_rate", wish, f"one of {listed} Hz")
    return wish


def choose_bitrate(
    audio_format: AudioFormat, info: StreamInfo, default: int, limits: tuple[int, int], sample_rate: int
) -> int:
    """The bitrate to encode at, in bit/s: the caller's wish, or `default` drawn into `limits`.

    `limits` are the lowest and highest bitrate that the codec has at `sample_rate`.

    Raises:
        UnsupportedFormatError: the caller's wish lies outside `limits`.
    """
    lowest, highest = limits
    if info.bitrate is None:
        return min(max(default, lowest), highest)
    if not lowest <= info.bitrate <= highest:
        allowed = f"any from {lowest} to {highest} bit/s at a sample rate of {sample_rate} Hz"
        raise _refused(audio_format, "bitrate", info.bitrate, allowed)
    return info.bitrate


def refuse_bitrate(audio_format: AudioFormat, info: StreamInfo) -> None:
    """Raise `UnsupportedFormatError` if the caller wants a bitrate of a format that has none to choose."""
    if info.bitrate is not None:
        raise _refused(audio_format, "bitrate", info.bitrate, "none: leave it out")


def _next_above(sample_rate: int, allowed: tuple[int, ...]) -> int:
    return min((rate for rate in allowed if rate >= sample_rate), default=max(allowed))


def _refused(audio_format: AudioFormat, param: str, given: int, allowed: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(
        f"Format {audio_format.name!r} cannot be made with {param} {given}; it takes {allowed}", param=param
    )
