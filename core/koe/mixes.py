"""Voice mixes such as `af_bella(2)+af_sky(1)`: reading the expression, weighing its voices."""

import math
import re
from collections.abc import Iterable

from attrs import frozen

from koe.errors import UnknownVoiceError
from koe.types import VoiceMix

MAX_TERMS = 16
MAX_EXPRESSION = 500
WEIGHT_RANGE = (1e-9, 1e9)
MAX_SHARE = 10.0
"""The most that one voice may count for in a mix whose shares sum to 1, on either side of 0."""

_NEGLIGIBLE = 1e-9
_TERM = re.compile(r"\s*([+-]?)\s*([\w.]+)\s*(?:\(([^()]*)\))?\s*")
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?", re.ASCII)


@frozen
class Term:
    """One name in a mix; a weight below 0 subtracts."""

    name: str
    weight: float


def parse_mix(expression: str) -> tuple[Term, ...] | None:
    """The terms of a mix, or None where the expression is not one.

    Raises:
        UnknownVoiceError: a weight is out of range, or there are too many terms (param `voice`).
    """
    terms: list[Term] = []
    position = 0
    while position < len(expression):
        match = _TERM.match(expression, position)
        if match is None or (position > 0 and not match[1]):
            return None
        if len(terms) == MAX_TERMS:
            raise wrong_voice(f"The voice mix has more than {MAX_TERMS} terms")
        weight = 1.0 if match[3] is None else _weight(match[3].strip(), match[2])
        terms.append(Term(match[2], -weight if match[1] == "-" else weight))
        position = match.end()
    return tuple(terms) or None


def weighed(parts: Iterable[tuple[VoiceMix, float]]) -> VoiceMix:
    """One mix out of several, each with its weight; the shares of the result sum to 1.

    A voice whose share is below a billionth, such as one that is added and subtracted again, is left out.

    Raises:
        UnknownVoiceError: the weights sum to nothing or less, or almost cancel each other out, or there are
            more than `MAX_TERMS` voices (param `voice`).
    """
    weights: dict[str, float] = {}
    total = gross = 0.0
    for mix, weight in parts:
        total, gross = total + weight, gross + abs(weight)
        for name, share in mix.terms:
            weights[name] = weights.get(name, 0.0) + weight * share
    if total <= _NEGLIGIBLE * gross:
        found = 0.0 if abs(total) <= _NEGLIGIBLE * gross else total
        raise wrong_voice(f"The weights of the voice mix sum to {found:g}; they must sum to more than 0")
    shares = {name: weight / total for name, weight in weights.items()}
    return _checked({name: share for name, share in shares.items() if abs(share) >= _NEGLIGIBLE})


def wrong_voice(message: str) -> UnknownVoiceError:
    return UnknownVoiceError(message, param="voice")


def _checked(shares: dict[str, float]) -> VoiceMix:
    if len(shares) > MAX_TERMS:
        raise wrong_voice(f"The voice mix is one of {len(shares)} voices; the limit is {MAX_TERMS}")
    for name, share in shares.items():
        if abs(share) > MAX_SHARE:
            raise wrong_voice(
                f"The weights of the voice mix almost cancel each other out: {name!r:.100} would count "
                f"{share:.4g} times; the limit is {MAX_SHARE:g}"
            )
    return VoiceMix.of(next(iter(shares))) if len(shares) == 1 else VoiceMix(tuple(shares.items()))


def _weight(text: str, name: str) -> float:
    weight = float(text) if _NUMBER.fullmatch(text) else math.nan
    low, high = WEIGHT_RANGE
    if not low <= weight <= high:
        raise wrong_voice(
            f"The weight of {name!r:.100} must be a number above 0 (from {low:g} to {high:g}), "
            f"not {text!r:.100}"
        )
    return weight
