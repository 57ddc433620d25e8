"""Speaking the built-in phonemes with a model whose noise is pinned.

Kokoro's graph draws noise anew in every run (`RandomNormalLike`, `RandomUniformLike`), so that two runs of
one model differ. In a copy of the model these nodes get a `seed`, from which ONNX Runtime begins when the
session is made: two models that draw equally much draw the same, each in a session of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from onnx import helper

from koe.errors import ModelFileError
from koe.kokoro.optimize.graph import Graph, Tensor
from koe.kokoro.session import run_errors
from koe.kokoro.signature import Signature
from koe.kokoro.vocabulary import PAD
from koe.kokoro.voice_facts import describe
from koe.kokoro.voices import VoiceTables
from koe.types import Samples, VoiceMix

NOISE = ("RandomNormalLike", "RandomUniformLike", "RandomNormal", "RandomUniform")
# The attribute is a float, in which larger integers lose digits. 0 and 1 would give the same noise.
_SEEDS, _FIRST_SEED = 2**24 - 2, 1
_BETWEEN_SEEDS, _BETWEEN_NODES = 1009, 101


@frozen
class Trial:
    """One utterance to speak: token ids with pads, and a style of shape `(1, 256)`."""

    language: str
    voice: str
    tokens: tuple[int, ...]
    style: Samples


@frozen
class Utterance:
    """What came of a trial; `frames` by token where the model tells."""

    samples: Samples
    frames: NDArray[np.int64] | None


def trials(
    purpose: Literal["calibrate", "compare"],
    vocabulary: Mapping[str, int],
    voices: VoiceTables,
    seed: int,
) -> tuple[Trial, ...]:
    """The built-in phonemes of `purpose`, each by a voice of its language, else by one voice after another.

    Symbols that the vocabulary lacks are left out, and utterances that are mostly such symbols.
    """
    lines = files(__package__).joinpath("phonemes.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.startswith(f"{purpose}\t")]
    made = []
    for index, (_, language, phonemes) in enumerate(rows):
        known = [vocabulary[symbol] for symbol in phonemes if symbol in vocabulary]
        if len(known) * 2 < len(phonemes):
            continue
        voice = _voice(language, tuple(voices.tables), index + seed)
        style = voices.style(VoiceMix.of(voice), len(known))
        made.append(Trial(language, voice, (PAD, *known, PAD), style))
    if not made:
        raise ModelFileError(
            "The model's vocabulary has hardly any symbol of the phonemes koe would try it with"
        )
    return tuple(made)


def pinned(model: bytes, seed: int) -> bytes:
    """The model with every noise node seeded."""
    graph = Graph.parse(model)
    # By name, as rewriting may change the order.
    for index, node in enumerate(sorted(graph.of_type(*NOISE), key=lambda node: str(node.output[0]))):
        kept = [each for each in node.attribute if each.name != "seed"]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("seed", _noise_seed(seed, index))])
    return graph.serialize()


@frozen
class Speaker:
    """Runs models in memory. `threads` 0 is ONNX Runtime's own choice; `name` is for messages."""

    name: Path
    threads: int = 0

    def session(self, model: bytes) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = self.threads
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except run_errors() as error:
            raise ModelFileError(f"{self.name}: ONNX Runtime refuses it ({error})") from error

    def signature(self, session: Any) -> Signature:
        return Signature.of(session.get_inputs(), session.get_outputs(), self.name)

    def run(self, session: Any, outputs: Sequence[str], trial: Trial) -> list[Tensor]:
        signature = self.signature(session)
        feeds = {
            signature.tokens: np.array([trial.tokens], np.int64),
            "style": trial.style.astype(signature.style_type),
            "speed": np.ones(signature.speed_shape, signature.speed_type),
        }
        try:
            return [np.asarray(value) for value in session.run(list(outputs), feeds)]
        except run_errors() as error:
            raise ModelFileError(
                f"{self.name}: ONNX Runtime failed on {len(trial.tokens)} tokens ({error})"
            ) from error

    def values(self, model: bytes, outputs: Sequence[str], spoken: Sequence[Trial]) -> Iterator[list[Tensor]]:
        """The named outputs of the model, trial by trial."""
        session = self.session(model)
        for trial in spoken:
            yield self.run(session, outputs, trial)

    def speak(self, model: bytes, spoken: Sequence[Trial], seed: int) -> Iterator[Utterance]:
        """What the model says, its noise pinned."""
        session = self.session(pinned(model, seed))
        outputs = self.signature(session).outputs
        for trial in spoken:
            audio, *durations = self.run(session, outputs, trial)
            frames = np.rint(durations[0].reshape(-1)).astype(np.int64) if durations else None
            yield Utterance(audio.reshape(-1).astype(np.float32), frames)


def _noise_seed(seed: int, node: int) -> float:
    return float((seed * _BETWEEN_SEEDS + node * _BETWEEN_NODES) % _SEEDS + _FIRST_SEED)


def _voice(language: str, names: Sequence[str], turn: int) -> str:
    fitting = [name for name in names if describe(name).language == language] or names
    return fitting[turn % len(fitting)]
