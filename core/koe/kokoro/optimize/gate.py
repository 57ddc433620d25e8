"""The audio parity gate: accepts a changed model only where it still sounds like the original."""

from collections.abc import Sequence

from attrs import define, field, frozen

from koe.kokoro.config import ParityLimits
from koe.kokoro.optimize.parity import Distance, compare
from koe.kokoro.optimize.trials import Speaker, Trial, Utterance


@frozen
class Verdict:
    """`worst` over all utterances; `objections` are empty where the model is accepted."""

    worst: Distance
    objections: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return not self.objections


@define(eq=False)
class Gate:
    """Compares models with the original, all speaking the same with the same noise.

    Attributes:
        original: the model that the others have to sound like.
        spoken: what both say.
        own_variation_db: the log-spectral distance of the original to itself with other noise, which is what
            two answers to one request differ in.
    """

    speaker: Speaker
    original: bytes = field(repr=False)
    spoken: tuple[Trial, ...]
    limits: ParityLimits
    seed: int
    _reference: list[Utterance] = field(factory=list, init=False, repr=False)

    def judge(self, model: bytes) -> Verdict:
        worst = self.distance(model, len(self.spoken))
        return Verdict(worst, worst.objections(self.limits))

    def distance(self, model: bytes, utterances: int) -> Distance:
        """The worst over the first so many utterances."""
        spoken = self.spoken[:utterances]
        return _worst(self._references()[:utterances], self._speak(model, spoken, self.seed))

    @property
    def own_variation_db(self) -> float:
        some = self.spoken[:2]
        again = self._speak(self.original, some, self.seed + 1)
        return _worst(self._references()[: len(some)], again).log_spectral_db

    def _references(self) -> list[Utterance]:
        if not self._reference:
            self._reference = self._speak(self.original, self.spoken, self.seed)
        return self._reference

    def _speak(self, model: bytes, spoken: Sequence[Trial], seed: int) -> list[Utterance]:
        return list(self.speaker.speak(model, spoken, seed))


def _worst(ours: Sequence[Utterance], theirs: Sequence[Utterance]) -> Distance:
    return Distance.worst(
        [compare(a.samples, b.samples, a.frames, b.frames) for a, b in zip(ours, theirs, strict=True)]
    )
