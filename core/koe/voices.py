"""From what a request calls a voice to the voices that speak: names, aliases and weighted mixes."""

import math
import re
from collections.abc import Mapping

from attrs import frozen

from koe.errors import UnknownVoiceError
from koe.spelling import nearest
from koe.stages import Engine
from koe.types import Voice, VoiceMix

MAX_TERMS = 16
MAX_EXPRESSION = 500
_TERM = re.compile(r"\s*([+-]?)\s*([\w.]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*")


@frozen
class VoiceBook:
    """The voices of one open engine under all their names.

    Attributes:
        aliases: other names, each for a voice, a mix or another alias.
        default: what an empty name means.
        hint: said after an unknown name, such as why another engine's voices are missing.
    """

    engine: Engine
    aliases: Mapping[str, str]
    default: str
    hint: str = ""

    @classmethod
    def of(cls, engine: Engine, aliases: Mapping[str, str], default: str, hint: str = "") -> "VoiceBook":
        """The book of `engine`, with the config's aliases over the engine's own."""
        return cls(engine, {**engine.aliases, **aliases}, default or engine.voices()[0].name, hint)

    def resolve(self, expression: str) -> VoiceMix:
        """The voices behind a name, an alias or a mix such as `af_bella(2)+af_sky(1)`.

        Raises:
            UnknownVoiceError: a name is unknown, or the expression is not a usable mix (param `voice`).
        """
        if len(expression) > MAX_EXPRESSION:
            raise _wrong(f"The voice has {len(expression)} characters; the limit is {MAX_EXPRESSION}")
        return self._resolve(expression.strip() or self.default, ())

    def find(self, expression: str) -> tuple[VoiceMix, str]:
        """The voices behind `expression`, and their language (see `resolve`)."""
        mix = self.resolve(expression)
        return mix, self.language(mix)

    def voice(self, name: str) -> Voice | None:
        """The engine's voice called `name` (not an alias)."""
        return self.engine.find_voice(name)

    def language(self, mix: VoiceMix) -> str:
        """The language of the mix's first voice."""
        voice = self.voice(mix.terms[0][0])
        return voice.language if voice is not None else "en-US"

    def _resolve(self, expression: str, seen: tuple[str, ...]) -> VoiceMix:
        if expression in seen:
            raise _wrong(f"The voice aliases go round in a circle: {' -> '.join((*seen, expression))}")
        if expression in self.aliases:
            return self._resolve(self.aliases[expression], (*seen, expression))
        if self.voice(expression) is not None:
            return VoiceMix.of(expression)
        terms = _parse(expression)
        if terms is None or len(terms) == 1:
            raise self._unknown(terms[0][0] if terms else expression)
        if not self.engine.mixes:
            raise _wrong(f"Engine {self.engine.name!r} speaks single voices only, not the mix {expression!r}")
        return self._mix(terms, (*seen, expression))

    def _mix(self, terms: list[tuple[str, float]], seen: tuple[str, ...]) -> VoiceMix:
        weights: dict[str, float] = {}
        for name, weight in terms:
            for voice, share in self._resolve(name, seen).terms:
                weights[voice] = weights.get(voice, 0.0) + weight * share
        total = sum(weights.values())
        if total <= 0:
            raise _wrong(f"The weights of the voice mix sum to {total:g}; they must sum to more than 0")
        kept = tuple((name, weight / total) for name, weight in weights.items() if weight)
        return VoiceMix.of(kept[0][0]) if len(kept) == 1 else VoiceMix(kept)

    def _unknown(self, name: str) -> UnknownVoiceError:
        known = [voice.name for voice in self.engine.voices()]
        near = nearest(name, [*known, *self.aliases])
        guess = f" Did you mean {', '.join(near)}?" if near else ""
        return _wrong(
            f"Engine {self.engine.name!r} has no voice {name!r}.{guess} "
            f"It has {len(known)}, listed by GET /v1/audio/voices and `koe voices`.{self.hint}"
        )


def _parse(expression: str) -> list[tuple[str, float]] | None:
    """The terms of a mix, or None where the expression is not one."""
    terms: list[tuple[str, float]] = []
    position = 0
    while position < len(expression):
        match = _TERM.match(expression, position)
        if match is None or (position > 0 and not match[1]):
            return None
        if len(terms) == MAX_TERMS:
            raise _wrong(f"The voice mix has more than {MAX_TERMS} terms")
        weight = 1.0 if match[3] is None else _weight(match[3], match[2])
        terms.append((match[2], -weight if match[1] == "-" else weight))
        position = match.end()
    return terms or None


def _weight(text: str, name: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise _wrong(f"The weight of {name!r} must be a number above 0, not {text!r}")
    return weight


def _wrong(message: str) -> UnknownVoiceError:
    return UnknownVoiceError(message, param="voice")
