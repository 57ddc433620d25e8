"""What attributes say: times, rates, volumes, pitches."""

import math
import re
from collections.abc import Mapping

RATES = (0.25, 4.0)
"""Times the voice's own rate, together with the request's `speed`."""
VOLUMES_DB = (-60.0, 20.0)
PITCHES_SEMITONES = (-12.0, 12.0)

_NUMBER = r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})"
_SECONDS = re.compile(rf"\+?{_NUMBER}(ms|s)", re.ASCII)
_PERCENT = re.compile(rf"([+-]?){_NUMBER}%", re.ASCII)
_PLAIN = re.compile(rf"([+-]?){_NUMBER}", re.ASCII)
_DECIBELS = re.compile(rf"([+-]?{_NUMBER})dB", re.ASCII | re.IGNORECASE)
_SEMITONES = re.compile(rf"([+-]?{_NUMBER})st", re.ASCII | re.IGNORECASE)
_HERTZ = re.compile(rf"([+-]?){_NUMBER}Hz", re.ASCII | re.IGNORECASE)

RATE_NAMES: Mapping[str, float] = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.5,
    "x-fast": 2.0,
}
VOLUME_NAMES_DB: Mapping[str, float] = {
    "silent": -math.inf,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 6.0,
    "x-loud": 12.0,
}
PITCH_NAMES: Mapping[str, float] = {
    "x-low": -6.0,
    "low": -3.0,
    "medium": 0.0,
    "default": 0.0,
    "high": 3.0,
    "x-high": 6.0,
}
"""Semitones from the voice's own pitch."""


def clamped(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(max(value, low), high)


def seconds(text: str) -> float | None:
    """`500ms` or `1.5s`; None for anything else."""
    found = _SECONDS.fullmatch(text.strip())
    return None if found is None else float(found[1]) / (1000 if found[2] == "ms" else 1)


def rate(text: str, current: float) -> float | None:
    """The rate after `rate="…"`: a name, `150%` or `1.5` times the voice's own, `+10%` of the current one."""
    text = text.strip()
    if text in RATE_NAMES:
        return RATE_NAMES[text]
    if found := _PERCENT.fullmatch(text):
        share = float(found[2]) / 100
        return share if not found[1] else current * (1 + share if found[1] == "+" else 1 - share)
    if found := _PLAIN.fullmatch(text):
        number = float(found[2])
        return number if not found[1] else current + (number if found[1] == "+" else -number)
    return None


def volume_db(text: str, current: float) -> float | None:
    """The volume in dB after `volume="…"`: a name, `+6dB`, `+10%`, or 0 to 100, where 100 is the voice's own.

    Silence is minus infinity.
    """
    text = text.strip()
    if text in VOLUME_NAMES_DB:
        return VOLUME_NAMES_DB[text]
    if found := _DECIBELS.fullmatch(text):
        return current + float(found[1])
    if found := _PERCENT.fullmatch(text):
        share = float(found[2]) / 100
        if not found[1]:
            return _db(share)
        return current + _db(1 + share if found[1] == "+" else 1 - share)
    if found := _PLAIN.fullmatch(text):
        number = float(found[2]) / 100
        level: float = 10 ** (current / 20)
        wanted = {"": number, "+": level + number, "-": level - number}[found[1]]
        return _db(min(wanted, 1.0) if not found[1] else wanted)
    return None


def level_db(text: str) -> float | None:
    """`+6dB`; None for anything else."""
    found = _DECIBELS.fullmatch(text.strip())
    return None if found is None else float(found[1])


def pitch_semitones(text: str, current: float, own_hz: float) -> float | None:
    """The pitch in semitones after `pitch="…"`: a name, `+2st`, `-10%`, `+20Hz`, or `180Hz`.

    `own_hz` is what the voice is reckoned to speak at.
    """
    text = text.strip()
    if text in PITCH_NAMES:
        return PITCH_NAMES[text]
    if found := _SEMITONES.fullmatch(text):
        return current + float(found[1])
    if found := _PERCENT.fullmatch(text):
        share = float(found[2]) / 100
        return _semitones(_ratio(current) * (1 - share if found[1] == "-" else 1 + share))
    if found := _HERTZ.fullmatch(text):
        hertz = float(found[2])
        if not found[1]:
            return _semitones(hertz / own_hz)
        return _semitones(_ratio(current) + (hertz if found[1] == "+" else -hertz) / own_hz)
    return None


def _db(level: float) -> float:
    return 20 * math.log10(level) if level > 0 else -math.inf


def _ratio(semitones: float) -> float:
    ratio: float = 2 ** (semitones / 12)
    return ratio


def _semitones(ratio: float) -> float:
    """The semitones of a ratio; the lowest there is for what is no pitch at all."""
    return 12 * math.log2(ratio) if ratio > 0 else -math.inf
