"""The steps of an optimization: each proposes a model, the gate decides; what is refused is tried smaller."""

import math
from collections.abc import Mapping, Sequence

from attrs import asdict, define, field

from koe.kokoro.optimize.gate import Gate, Verdict
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimize.parity import Distance
from koe.kokoro.optimize.progress import Progress
from koe.kokoro.optimize.quantize import OLDEST_OPSET, Range, measure_ranges, opset, quantizable, quantize
from koe.kokoro.optimize.rewrite import REWRITES, rewrite
from koe.kokoro.optimize.trials import NOISE, Trial, pinned
from koe.kokoro.optimized import StoredStep

_QUICK = 2
"""Utterances by which kinds of convolutions are ranked."""


@define(eq=False)
class Steps:
    """Takes `model` through the steps; `done` tells what became of each.

    Attributes:
        calibration: what is spoken to find the ranges of the activations.
        weight_bits: of quantized weights.
    """

    gate: Gate
    calibration: tuple[Trial, ...]
    weight_bits: int
    progress: Progress
    model: bytes = field(repr=False)
    done: list[StoredStep] = field(factory=list)
    quantized: int = 0

    def rewrite(self) -> None:
        """All rewrites at once; where the gate refuses them, one by one."""
        if not self._try_rewrites(tuple(REWRITES)):
            for name in REWRITES:
                self._try_rewrites((name,))

    def quantize(self) -> None:
        """All kinds of convolutions; where the gate refuses them, the most of those that harm least."""
        kinds, reason = self._kinds()
        if reason:
            self.done.append(
                StoredStep("quantize", accepted=False, detail=f"not applicable: {reason}", changed={})
            )
            return
        ranges = self._ranges(kinds)
        if self._try_kinds(tuple(kinds), ranges):
            return
        ranked = self._ranked(tuple(kinds), ranges)
        fewest, most = 0, len(ranked)
        while most - fewest > 1:
            middle = (fewest + most) // 2
            if self._try_kinds(ranked[:middle], ranges, keep=False):
                fewest = middle
            else:
                most = middle
        if fewest:
            self._try_kinds(ranked[:fewest], ranges)

    def serialize(self) -> None:
        """Constants folded and weights in a file of their own: what loads fast. The storage writes it."""
        detail = "weights in a file of their own"
        if any(step.accepted for step in self.done):
            self.done.append(StoredStep("serialize", accepted=True, detail=detail, changed={}))
            return
        self.progress.begin("comparing what will be written")
        self._decide("serialize", detail, self.model, self.gate.judge(self.model))

    def _try_rewrites(self, names: Sequence[str]) -> bool:
        self.progress.begin(f"rewriting the graph: {', '.join(names)}")
        candidate, applied = rewrite(self.model, names)
        detail = ", ".join(f"{name} {count}x" for name, count in applied.items())
        if not any(applied.values()):
            self.done.append(
                StoredStep("rewrite", accepted=False, detail=f"not applicable: {detail}", changed={})
            )
            return True
        return self._decide("rewrite", detail, candidate, self.gate.judge(candidate))

    def _kinds(self) -> tuple[dict[str, list[str]], str]:
        """What goes into and comes out of the convolutions of each kind, or why nothing can be quantized."""
        graph = Graph.parse(self.model)
        if opset(graph.model) < OLDEST_OPSET:
            return {}, f"the model is written in opset {opset(graph.model)}, {OLDEST_OPSET} is needed"
        found = quantizable(graph, graph.upstream(*NOISE))
        kinds = {
            kind: [value for node in nodes for value in (node.input[0], node.output[0])]
            for kind, nodes in found.items()
        }
        return kinds, "" if kinds else "no convolutions as in Kokoro's vocoder"

    def _ranges(self, kinds: Mapping[str, Sequence[str]]) -> dict[str, Range]:
        values = list(dict.fromkeys(value for each in kinds.values() for value in each))
        self.progress.begin(f"measuring {len(values)} activations")
        speaker = self.gate.speaker
        return measure_ranges(
            pinned(self.model, self.gate.seed),
            values,
            lambda model, outputs: speaker.values(model, outputs, self.calibration),
        )

    def _candidate(self, kinds: Sequence[str], ranges: Mapping[str, Range]) -> tuple[bytes, int]:
        graph = Graph.parse(self.model)
        found = quantizable(graph, graph.upstream(*NOISE))
        nodes = [node for kind in kinds for node in found[kind]]
        count = quantize(graph, nodes, ranges, self.weight_bits)
        return graph.serialize(), count

    def _try_kinds(self, kinds: Sequence[str], ranges: Mapping[str, Range], *, keep: bool = True) -> bool:
        self.progress.begin(f"quantizing convolutions: {', '.join(kinds)}")
        candidate, count = self._candidate(kinds, ranges)
        verdict = self.gate.judge(candidate)
        if not keep:
            return verdict.accepted
        detail = f"{count} convolutions to int8 ({', '.join(kinds)})"
        accepted = self._decide("quantize", detail, candidate, verdict)
        self.quantized = count if accepted else self.quantized
        return accepted

    def _ranked(self, kinds: Sequence[str], ranges: Mapping[str, Range]) -> tuple[str, ...]:
        """The kinds by what quantizing each of them alone does, the least first."""
        harm: dict[str, float] = {}
        for kind in kinds:
            self.progress.begin(f"quantizing one kind alone: {kind}")
            candidate, _ = self._candidate([kind], ranges)
            harm[kind] = self.gate.distance(candidate, _QUICK).log_spectral_db
        return tuple(sorted(kinds, key=lambda kind: harm[kind]))

    def _decide(self, name: str, detail: str, candidate: bytes, verdict: Verdict) -> bool:
        refused = "" if verdict.accepted else f"; refused: {', '.join(verdict.objections)}"
        self.done.append(StoredStep(name, verdict.accepted, detail + refused, measures(verdict.worst)))
        if verdict.accepted:
            self.model = candidate
        return verdict.accepted


def measures(distance: Distance) -> dict[str, float]:
    """What was measured, rounded to what means something."""
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in asdict(distance).items()
        if value is not None and math.isfinite(value)
    }
